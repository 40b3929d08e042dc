// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A daemon that takes the place of another one: whoever uses it notices nothing.</summary>
internal sealed class ReplaceTests : EndToEndTest
{
    private static readonly Right[] All =
        [Right.ClientConnect, Right.EgressStart, Right.IngressConnect, Right.ServerStart, Right.List];

    [Test]
    public async Task Replace_ClientsInALoop_NoneFails()
    {
        const int Clients = 8;
        const int Replacements = 20;
        using var stop = new CancellationTokenSource();
        await using Handle serving = await Board.OpenAsync();
        await using Listener listener = await serving.ListenAsync(LabelSet.ParseWords(["service=echo"]), new() { Credit = 64 });
        Task server = EchoAsync(listener, stop.Token);

        Task<int>[] clients = [.. Enumerable.Range(0, Clients).Select(n => ConnectAgainAndAgainAsync(n, stop.Token))];
        for (int i = 0; i < Replacements; i++)
        {
            await Board.ReplaceAsync();
        }

        await stop.CancelAsync();
        int[] connects = await Task.WhenAll(clients).Within();
        await listener.DisposeAsync();
        await server.Within();
        TestContext.Out.WriteLine($"{connects.Sum()} connects during {Replacements} replacements");
        Assert.That(connects, Has.All.GreaterThan(Replacements));
    }

    [Test]
    public async Task Replace_EachPlaceWhereACallWaits_GoesOn()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Handle other = await Board.OpenAsync();
        // Without credit a target is offered the labels first: its client waits for the answer, and its socket is held.
        await using Listener careful = await handle.ListenAsync(Words("service=careful"), new() { Credit = 0 });
        await using Listener eager = await handle.ListenAsync(Words("service=eager"), new() { Credit = 3 });
        await using Client.Egress egress =
            await handle.StartEgressAsync(Words("service=out"), new() { FixedDestination = true });
        Task<Connection> offered = other.ConnectAsync(Words("service=careful"));
        Task<Connection> unseen = other.ConnectAsync(Words("service=eager"));
        Task<Connection> dialled = other.ConnectAsync(Words("service=out"));
        Task<Connection> waiting = other.ConnectAsync(Words("service=late"), new() { Wait = true });
        (Descriptor pushed, Descriptor kept) = UnixSocket.StreamPair();
        Task<ConnectionLabels> ingress = other.PushDescriptorAsync(pushed, Words("service=careful"));
        IncomingConnection first = await NextAsync(careful);
        IncomingConnection second = await NextAsync(careful);
        IncomingConnection third = await NextAsync(eager);
        await using IAsyncEnumerator<EgressRequest> wishes = egress.GetAsyncEnumerator();
        Assert.That(await wishes.MoveNextAsync().Within(), Is.True);
        await using Handle narrow = await handle.ConstrainAsync(All, Words("tenant=blue"), Words("tenant=blue"));
        await using Listener mine = await narrow.ListenAsync(Words("service=mine"));

        await Board.ReplaceAsync();

        await using Connection a = await first.AcceptAsync();
        await using Connection b = await second.AcceptAsync();
        await using Connection c = await third.AcceptAsync();
        (Descriptor near, Descriptor far) = UnixSocket.StreamPair();
        await wishes.Current.ConnectedDescriptorAsync(near);
        using Connection atOffered = await offered.Within();
        using Connection atUnseen = await unseen.Within();
        using Connection atDialled = await dialled.Within();
        Assert.That((await ingress.Within())["service"], Is.EqualTo("careful"));
        Assert.That(atOffered.Labels["flower.server_pid"], Is.EqualTo(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
        using (far)
        {
            AssertTalk(atDialled.TakeDescriptor(), far);
        }

        AssertTalk(atUnseen.TakeDescriptor(), c.TakeDescriptor());
        Descriptor[] careTaken = [a.TakeDescriptor(), b.TakeDescriptor()];
        // Which of the two was the client's and which the ingress's, the labels tell.
        bool firstIsClient = first.Labels["flower.connection_id"] == atOffered.Labels["flower.connection_id"];
        AssertTalk(atOffered.TakeDescriptor(), careTaken[firstIsClient ? 0 : 1]);
        AssertTalk(kept, careTaken[firstIsClient ? 1 : 0]);

        await using Listener late = await handle.ListenAsync(Words("service=late"), new() { Credit = 1 });
        await using Connection lately = await (await NextAsync(late)).AcceptAsync();
        using Connection atLate = await waiting.Within();
        AssertTalk(atLate.TakeDescriptor(), lately.TakeDescriptor());

        // What was made before still narrows: the handle's labels are stated, and its own server is all it reaches.
        Assert.That(mine.Labels["tenant"], Is.EqualTo("blue"));
        Assert.That(await ServicesAsync(narrow), Is.EquivalentTo(new[] { "careful", "eager", "out", "mine", "late" }));
        FlowerException? refused = await Assert.ThrowsAsync<FlowerException>(
            () => narrow.ConnectAsync(Words("tenant=red")));
        Assert.That(refused!.StatusCode, Is.EqualTo(Grpc.Core.StatusCode.PermissionDenied));
    }

    [Test]
    public async Task Replace_CreditsAndIds_AreCarriedOver()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(Words("service=two"), new() { Credit = 2 });
        Task<Connection>[] connecting = [.. Enumerable.Range(0, 3).Select(_ => handle.ConnectAsync(Words("service=two")))];
        List<IncomingConnection> incoming = [];
        for (int i = 0; i < 3; i++)
        {
            incoming.Add(await NextAsync(listener));
        }

        await Board.ReplaceAsync();
        Task<Connection> fourth = handle.ConnectAsync(Words("service=two"));
        incoming.Add(await NextAsync(listener));

        Assert.That(
            incoming.Select(i => ulong.Parse(i.Labels["flower.connection_id"]!, CultureInfo.InvariantCulture)),
            Is.Ordered.And.Unique);
        foreach (IncomingConnection connection in incoming)
        {
            (await connection.AcceptAsync()).Dispose();
        }

        foreach (Task<Connection> connect in connecting.Append(fourth))
        {
            (await connect.Within()).Dispose();
        }
    }

    [Test]
    public async Task Replace_SecondDaemonDiesBeforeItCommits_FirstGoesOn()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(Words("service=steady"), new() { Credit = 1 });
        using (var impostor = PacketSocket.Connect(Path.Combine(Board.Folder, "control.sock"), Patience.Limit))
        {
            impostor.Send([0x0a, 0x02, 0x08, 0x01], []);
            foreach (Descriptor descriptor in impostor.Receive().Descriptors)
            {
                descriptor.Dispose();
            }

            // Ready: the daemon pauses, and sends its first descriptors.
            impostor.Send([0x1a, 0x00], []);
            foreach (Descriptor descriptor in impostor.Receive().Descriptors)
            {
                descriptor.Dispose();
            }
        }

        Task<Connection> connecting = handle.ConnectAsync(Words("service=steady"));
        await using Connection accepted = await (await NextAsync(listener)).AcceptAsync();
        using Connection connected = await connecting.Within();

        AssertTalk(connected.TakeDescriptor(), accepted.TakeDescriptor());
        Board.ExpectInLog("not replaced, and goes on");
    }

    [Test]
    public async Task Replace_OtherVersion_IsRefusedAndTheFirstGoesOn()
    {
        using (var impostor = PacketSocket.Connect(Path.Combine(Board.Folder, "control.sock"), Patience.Limit))
        {
            impostor.Send([0x0a, 0x02, 0x08, 0x63], []);
            Assert.That(
                System.Text.Encoding.UTF8.GetString(impostor.Receive().Packet.Span), Does.Contain("version 99"));
        }

        await using Handle handle = await Board.OpenAsync();
        Assert.That(await ServicesAsync(handle), Is.Empty);
        Board.ExpectInLog("not replaced, and goes on");
    }

    [Test]
    public async Task Signal_Usr2_ReplacesItselfAndBothDoorsAnswer()
    {
        await using FlowerProcess first = Board.TakeDaemon();
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(Words("service=kept"));

        first.Signal(Signum.SIGUSR2);

        string[] said = [await first.NotificationAsync(), await first.NotificationAsync()];
        Assert.That(said, Has.One.EqualTo("READY=1"));
        int second = int.Parse(
            said.Single(s => s.StartsWith("MAINPID=", StringComparison.Ordinal))[8..], CultureInfo.InvariantCulture);
        try
        {
            Assert.That(await ServicesAsync(handle), Is.EqualTo(new[] { "kept" }));
            await using Handle anew = await Board.OpenAsync();
            Assert.That(await ServicesAsync(anew), Is.EqualTo(new[] { "kept" }));
            using var door = new GrpcDoor(Board.Admin);
            Assert.That(await door.ListAsync(), Has.Count.EqualTo(1));
        }
        finally
        {
            Syscall.kill(second, Signum.SIGTERM);
        }

        // Both write to the same pipes: their end is the end of the second one.
        Assert.That(await first.ExitAsync(), Is.Zero);
        Assert.That(first.Error.ToString(), Does.Contain("replaced by process").And.Not.Contain("fail:"));
        Assert.That(Directory.GetFiles(Board.Folder), Is.Empty);
    }

    [Test]
    public async Task Control_OfAnotherUser_IsRefused()
    {
        File.SetUnixFileMode(Board.Folder, (UnixFileMode)0x1ff);
        string control = Path.Combine(Board.Folder, "control.sock");

        await using FlowerProcess stranger = Board.Program(
            Programs.Require("setpriv"), "--reuid=65534", "--clear-groups",
            Programs.Flower, "switchboard", "--replace", "--listen", Board.Handle, "--admin", Board.Admin);

        Assert.That(await stranger.ExitAsync(), Is.Not.Zero);
        Assert.That(stranger.Error.ToString(), Does.Contain(control).And.Contain("Permission denied"));
    }

    private static LabelSet Words(params string[] words) => LabelSet.ParseWords(words);

    private static async Task<IncomingConnection> NextAsync(Listener listener)
    {
        await using IAsyncEnumerator<IncomingConnection> connections = listener.GetAsyncEnumerator();
        Assert.That(await connections.MoveNextAsync().Within(), Is.True);
        return connections.Current;
    }

    private static async Task<List<string?>> ServicesAsync(Handle handle)
    {
        List<string?> services = [];
        await foreach (TargetInfo target in handle.ListAsync(LabelSet.Empty))
        {
            services.Add(target.Labels["service"]);
        }

        return services;
    }

    private static void AssertTalk(Descriptor one, Descriptor other)
    {
        using var first = new System.Net.Sockets.Socket(one.ToSocketHandle());
        using var second = new System.Net.Sockets.Socket(other.ToSocketHandle());
        first.Send([42]);
        byte[] buffer = new byte[2];
        second.ReceiveTimeout = 10_000;
        Assert.That(second.Receive(buffer), Is.EqualTo(1));
        Assert.That(buffer[0], Is.EqualTo(42));
    }

    private static async Task EchoAsync(Listener listener, CancellationToken stop)
    {
        try
        {
            await foreach (IncomingConnection incoming in listener)
            {
                using Connection connection = await incoming.AcceptAsync(CancellationToken.None);
                connection.Socket.Send([7]);
            }
        }
        catch (FlowerException) when (stop.IsCancellationRequested)
        {
            // Disposed at the end of the test.
        }
    }

    private async Task<int> ConnectAgainAndAgainAsync(int number, CancellationToken stop)
    {
        int connects = 0;
        // Half of them open a session for each connect, as a command would.
        bool anew = number % 2 == 0;
        Handle handle = await Board.OpenAsync();
        byte[] buffer = new byte[1];
        while (!stop.IsCancellationRequested)
        {
            if (anew)
            {
                await handle.DisposeAsync();
                handle = await Board.OpenAsync();
            }

            using Connection connection =
                await handle.ConnectAsync(Words("service=echo"), null, CancellationToken.None).Within();
            connection.Socket.ReceiveTimeout = 10_000;
            Assert.That(await Task.Run(() => connection.Socket.Receive(buffer)), Is.EqualTo(1));
            Assert.That(buffer[0], Is.EqualTo(7));
            connects++;
        }

        await handle.DisposeAsync();
        return connects;
    }
}
