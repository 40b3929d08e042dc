// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Client;
using Flower.CommandLine;
using Grpc.Core;

namespace Flower.Benchmarks;

/// <summary>Clients that connect as fast as they can, whether or not they are refused, until the process is ended.</summary>
internal sealed class FloodRole : Command
{
    private readonly Argument<string> _socket = new("socket");
    private readonly Argument<int> _clients = new("clients");

    public FloodRole()
        : base("flooding", "Clients that flood, for the other commands.")
    {
        Hidden = true;
        Add(_socket);
        Add(_clients);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        string socket = command.GetValue(_socket)!;
        Task[] clients = [.. Enumerable.Range(0, command.GetValue(_clients)).Select(_ => FloodAsync(socket, cancellationToken))];
        Console.WriteLine("ready");
        await Task.WhenAll(clients);
        return ExitCodes.Ok;
    }

    private static async Task FloodAsync(string socket, CancellationToken cancellationToken)
    {
        await using Handle handle = await Handle.OpenAsync(socket, cancellationToken: cancellationToken);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                (await handle.ConnectAsync(ServerRole.Labels, null, cancellationToken).ConfigureAwait(false)).Dispose();
            }
            catch (FlowerException e) when (e.StatusCode == StatusCode.ResourceExhausted)
            {
                // That is what is measured: how much it costs the others.
            }
        }
    }
}
