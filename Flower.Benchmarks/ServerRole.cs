// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Globalization;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Rpc.Transport;

namespace Flower.Benchmarks;

/// <summary>The server process, one server or several instances of it: accepts each connection and closes it.</summary>
internal sealed class ServerRole : Command
{
    private readonly Argument<string> _socket = new("socket");
    private readonly Option<int> _count = new("--count") { DefaultValueFactory = _ => 1 };

    public ServerRole()
        : base("server", "A server, for the other commands.")
    {
        Hidden = true;
        Add(_socket);
        Add(_count);
        this.SetRun(RunAsync);
    }

    /// <summary>What it registers.</summary>
    internal static LabelSet Labels { get; } = LabelSet.Create(("program", "bench"));

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        using var loop = new EventLoop("server", null);
        await loop.Invoke(() => ServeAsync(command, cancellationToken));
        return ExitCodes.Ok;
    }

    private async Task ServeAsync(ParseResult command, CancellationToken cancellationToken)
    {
        await using Handle handle = await Handle.OpenAsync(command.GetValue(_socket), cancellationToken: cancellationToken);
        int count = command.GetValue(_count);
        var taking = new List<Task>();
        for (int i = 0; i < count; i++)
        {
            LabelSet labels = count == 1
                ? Labels
                : Labels.Merge(LabelSet.Create(("instance", i.ToString(CultureInfo.InvariantCulture))), out _);
            taking.Add(TakeAllAsync(await handle.ListenAsync(labels, null, cancellationToken), cancellationToken));
        }

        Console.WriteLine("ready");
        await Task.WhenAll(taking);
    }

    /// <summary>Accepts each connection and closes it, until it is cancelled. Takes the listener.</summary>
    public static async Task TakeAllAsync(Listener listener, CancellationToken cancellationToken)
    {
        await using Listener owned = listener;
        await foreach (IncomingConnection incoming in listener.WithCancellation(cancellationToken))
        {
            (await incoming.AcceptAsync(cancellationToken)).Dispose();
        }
    }
}
