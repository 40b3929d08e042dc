// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Diagnostics;
using Flower.Client;
using Flower.CommandLine;
using Flower.Rpc.Transport;

namespace Flower.Benchmarks;

/// <summary>The client process: several clients, each with a session, which connect and close in a loop.</summary>
internal sealed class ClientRole : Command
{
    private const int WarmUp = 200;

    private readonly Argument<string> _socket = new("socket");
    private readonly Argument<int> _clients = new("clients");
    private readonly Argument<int> _total = new("total");
    private readonly Argument<int> _board = new("board");
    private readonly BalanceOptions _balance;

    public ClientRole()
        : base("client", "Clients, for the other commands.")
    {
        Hidden = true;
        Add(_socket);
        Add(_clients);
        Add(_total);
        Add(_board);
        _balance = new(this);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        // As a program that is written for it: the sessions and what uses them are on one loop, and no thread waits for
        // another.
        using var loop = new EventLoop("clients", null);
        string line = "";
        await loop.Invoke(async () => line = await MeasureAsync(command, cancellationToken));
        Console.WriteLine("ready");
        Console.WriteLine(line);
        return ExitCodes.Ok;
    }

    private async Task<string> MeasureAsync(ParseResult command, CancellationToken cancellationToken)
    {
        int clients = command.GetValue(_clients);
        int each = Math.Max(1, command.GetValue(_total) / clients);
        int board = command.GetValue(_board);
        ConnectOptions options = _balance.AddTo(new(), command);
        double[] times = new double[clients * each];
        Handle[] handles = await Task.WhenAll(
            Enumerable.Range(0, clients).Select(
                _ => Handle.OpenAsync(command.GetValue(_socket), cancellationToken: cancellationToken)));
        await Task.WhenAll(handles.Select(h => ConnectAsync(h, options, new double[WarmUp], cancellationToken)));

        TimeSpan cpuBefore = Role.CpuTime(board);
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(handles.Select(
            (handle, i) => ConnectAsync(handle, options, times.AsMemory(i * each, each), cancellationToken)));
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        TimeSpan cpu = Role.CpuTime(board) - cpuBefore;

        foreach (Handle handle in handles)
        {
            await handle.DisposeAsync();
        }

        return Measured.From(clients, elapsed, times, cpu).ToWire();
    }

    private static async Task ConnectAsync(
        Handle handle, ConnectOptions options, Memory<double> times, CancellationToken cancellationToken)
    {
        for (int i = 0; i < times.Length; i++)
        {
            long start = Stopwatch.GetTimestamp();
            Connection connection =
                await handle.ConnectAsync(ServerRole.Labels, options, cancellationToken);
            times.Span[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            connection.Dispose();
        }
    }
}
