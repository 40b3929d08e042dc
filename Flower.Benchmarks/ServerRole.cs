// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Benchmarks;

/// <summary>The server process: accepts each connection and closes it.</summary>
internal sealed class ServerRole : Command
{
    private readonly Argument<string> _socket = new("socket");

    public ServerRole()
        : base("server", "A server, for the other commands.")
    {
        Hidden = true;
        Add(_socket);
        this.SetRun(RunAsync);
    }

    /// <summary>What it registers.</summary>
    internal static LabelSet Labels { get; } = LabelSet.Create(("program", "bench"));

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        await using Handle handle = await Handle.OpenAsync(command.GetValue(_socket), cancellationToken: cancellationToken);
        await using Listener listener = await handle.ListenAsync(Labels, null, cancellationToken);
        Console.WriteLine("ready");
        await foreach (IncomingConnection incoming in listener.WithCancellation(cancellationToken))
        {
            (await incoming.AcceptAsync(cancellationToken)).Dispose();
        }

        return ExitCodes.Ok;
    }
}
