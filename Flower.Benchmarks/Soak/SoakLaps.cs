// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Grpc.Core;

namespace Flower.Benchmarks.Soak;

/// <summary>What the workers of a soak do that ends well: each lap leaves nothing behind, and throws if it goes otherwise.</summary>
internal sealed class SoakLaps(SoakBoard board, Latencies connects)
{
    private static readonly Right[] Rights =
        [Right.ClientConnect, Right.EgressStart, Right.IngressConnect, Right.ResolverStart, Right.ServerStart, Right.List];

    /// <summary>All kinds.</summary>
    public static IReadOnlyList<SoakWorker> All(SoakBoard board, Latencies connects)
    {
        var laps = new SoakLaps(board, connects);
        var faults = new FaultLaps(board);
        return
        [
            new("connect", 1, laps.ConnectAsync),
            new("session", 1, laps.SessionAsync),
            new("push", 1, laps.PushAsync),
            new("egress", 1, laps.EgressAsync),
            new("name", 1, laps.NameAsync),
            new("handle", 2, laps.HandleAsync),
            new("revoke", 4, laps.RevokeAsync),
            new("tap", 4, laps.TapAsync),
            new("look", 10, laps.LookAsync),
            new("grpc", 10, laps.GrpcAsync),
            new("watch", 10, faults.WatchAsync),
            new("cancel", 1, faults.CancelAsync),
            new("kill", 10, faults.KillAsync),
        ];
    }

    /// <summary>A number as a label's value.</summary>
    public static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A connect by a session that is there; the connect itself is timed.</summary>
    public async Task ConnectAsync(int lap)
    {
        long began = Stopwatch.GetTimestamp();
        using Connection connection = await board.Root.ConnectAsync(EchoServers.Echo);
        connects.Add(Stopwatch.GetElapsedTime(began));
        await HearEchoAsync(connection.Socket);
    }

    private static async Task HearEchoAsync(Socket socket)
    {
        byte[] buffer = [42];
        await socket.SendAsync(buffer);
        if (await socket.ReceiveAsync(buffer) != 1)
        {
            throw new IOException("an end instead of the echo");
        }
    }

    private static async Task HearEndAsync(Socket socket)
    {
        if (await socket.ReceiveAsync(new byte[1]) != 0)
        {
            throw new IOException("a byte instead of the end");
        }
    }

    private async Task SessionAsync(int lap)
    {
        await using Handle handle = await Handle.OpenAsync(board.Switchboard);
        using Connection connection = await handle.ConnectAsync(EchoServers.Echo);
        await HearEchoAsync(connection.Socket);
    }

    // Through the ingress, or pushed by this process.
    private async Task PushAsync(int lap)
    {
        if (lap % 2 == 0)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(board.Ingress);
            await HearEchoAsync(socket);
            return;
        }

        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        using var ours = new Socket(kept.ToSocketHandle());
        await board.Root.PushDescriptorAsync(given, EchoServers.Echo);
        await HearEchoAsync(ours);
    }

    private async Task EgressAsync(int lap)
    {
        using Connection connection = await board.Root.ConnectAsync(LabelSet.Create(
            ("network", "loopback"), ("address_family", "inet"), ("server_address", "127.0.0.1"),
            ("server_port", Text(board.Destination))));
        await HearEchoAsync(connection.Socket);
    }

    // Two names that there are, and many that there are not.
    private async Task NameAsync(int lap)
    {
        bool exists = lap % 4 < 2;
        string name = exists ? (lap % 4 == 0 ? "one" : "other") : "none-" + Text(lap % 1000);
        try
        {
            using Connection connection = await board.Root.ConnectAsync(
                LabelSet.Create(("name", name), ("directory", "main")), new() { RelatedOnly = true });
            await HearEchoAsync(connection.Socket);
        }
        catch (FlowerException e) when (!exists && e.StatusCode == StatusCode.NotFound)
        {
            // There is none.
        }
    }

    private async Task HandleAsync(int lap)
    {
        await using Handle one = await NarrowAsync(lap);
        await using Handle other = await one.ConstrainAsync([Right.List], LabelSet.Empty, LabelSet.Empty);
        await foreach (TargetInfo target in other.ListAsync(EchoServers.Echo))
        {
            _ = target;
        }

        // Nobody ever uses it.
        (await one.ConstrainToDescriptorAsync([], LabelSet.Empty, LabelSet.Empty)).Dispose();
    }

    private Task<Handle> NarrowAsync(int lap) => board.Root.ConstrainAsync(
        Rights, LabelSet.Create(("soak", Text(lap))), LabelSet.Empty);

    private async Task RevokeAsync(int lap)
    {
        await using Handle handle = await NarrowAsync(lap);
        await using Listener listener = await handle.ListenAsync(LabelSet.Create(("service", "revoked")));
        using Connection connection = await handle.ConnectAsync(EchoServers.Echo, new() { Revocable = true });
        await HearEchoAsync(connection.Socket);
        ulong id = 0;
        await foreach (HandleInfo made in board.Root.HandlesAsync())
        {
            id = made.InLabels["soak"] == Text(lap) && made.Targets == 1 ? made.Id : id;
        }

        RevokeResult ended = await board.Root.RevokeAsync(id);
        if (ended is not { Targets: 1, Connections: 1 })
        {
            throw new InvalidOperationException($"revoked: {ended}");
        }

        await HearEndAsync(connection.Socket);
    }

    // The tap ends what it was given, and hears no more.
    private async Task TapAsync(int lap)
    {
        var labels = LabelSet.Create(("tapped", Text(lap)));
        await using Flower.Client.Tap tap = await board.Root.TapAsync(labels, new() { Most = 1 });
        Task<Connection> connecting = board.Root.ConnectAsync(labels.Merge(EchoServers.Echo, out _));
        await foreach (Flower.Client.TappedConnection tapped in tap)
        {
            tapped.Dispose();
        }

        using Connection connection = await connecting;
        await HearEndAsync(connection.Socket);
    }

    private async Task LookAsync(int lap)
    {
        await board.Root.StatsAsync();
        await board.Root.ExplainAsync(LabelSet.Create(("service", "ecco")));
        await foreach (Flower.Client.ConnectionInfo connection in board.Root.ConnectionsAsync(LabelSet.Empty))
        {
            _ = connection;
        }
    }

    private Task GrpcAsync(int lap) => GrpcClient.CallAsync(board.Admin, lap % 2 == 0 ? "List" : "Stats");
}
