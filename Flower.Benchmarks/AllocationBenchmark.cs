// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Globalization;
using Flower.Client;
using Flower.CommandLine;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flower.Benchmarks;

/// <summary>
/// <c>allocations</c>: what a connect allocates, and what the garbage collector does about it. Switchboard, server and client are
/// in this process, each on a thread of its own.
/// </summary>
internal sealed class AllocationBenchmark : Command
{
    private const int WarmUp = 5_000;
    private const uint OwnerOnly = 0x180;

    private readonly Option<int> _total = new("--total")
    {
        HelpName = "N",
        Description = "Connects, one after another",
        DefaultValueFactory = _ => 1_000_000,
    };

    public AllocationBenchmark()
        : base("allocations", "Counts what connects allocate, and the collections of garbage, in one process.")
    {
        Add(_total);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("flower-bench-");
        using var boardLoop = new EventLoop("board", null);
        using var serverLoop = new EventLoop("server", null);
        using var clientLoop = new EventLoop("client", null);
        try
        {
            string socket = Path.Combine(directory.FullName, "s");
            await boardLoop.Invoke(() => Listen(boardLoop, socket));
            Task serving = serverLoop.Invoke(() => ServeAsync(socket, cancellationToken));
            await clientLoop.Invoke(() => MeasureAsync(
                socket, command.GetValue(_total), [("switchboard", boardLoop), ("server", serverLoop), ("client", clientLoop)],
                cancellationToken));
        }
        finally
        {
            directory.Delete(recursive: true);
        }

        return ExitCodes.Ok;
    }

    // It ends with the process.
    private static void Listen(EventLoop loop, string socket)
    {
        var options = new SwitchboardOptions { Listen = socket, Admin = socket + ".admin", Control = socket + ".control" };
        var board = new RunningBoard(loop, options, null, NullLogger.Instance);
        board.Server.Listen(UnixSocket.ListenPackets(socket, OwnerOnly), peer => board.Door.Admit(SocketPeer.Of(peer)));
    }

    private static async Task ServeAsync(string socket, CancellationToken cancellationToken)
    {
        await using Handle handle = await Handle.OpenAsync(socket, cancellationToken: cancellationToken);
        await ServerRole.TakeAllAsync(
            await handle.ListenAsync(ServerRole.Labels, null, cancellationToken), cancellationToken);
    }

    private static async Task MeasureAsync(
        string socket, int total, (string Name, EventLoop Loop)[] threads, CancellationToken cancellationToken)
    {
        await using Handle handle = await Handle.OpenAsync(socket, cancellationToken: cancellationToken);
        var options = new ConnectOptions { Wait = true };
        await ConnectAsync(handle, options, WarmUp, cancellationToken);
        GC.Collect();
        long[] before = await AllocatedAsync(threads);
        int[] collections = [.. Enumerable.Range(0, 3).Select(GC.CollectionCount)];
        await ConnectAsync(handle, options, total, cancellationToken);
        long[] after = await AllocatedAsync(threads);
        for (int i = 0; i < threads.Length; i++)
        {
            Say($"{threads[i].Name}, bytes a connect", (after[i] - before[i]) / total);
        }

        for (int generation = 0; generation < 3; generation++)
        {
            Say($"collections of generation {generation}", GC.CollectionCount(generation) - collections[generation]);
        }
    }

    private static async Task<long[]> AllocatedAsync((string Name, EventLoop Loop)[] threads)
    {
        long[] bytes = new long[threads.Length];
        for (int i = 0; i < threads.Length; i++)
        {
            int at = i;
            await threads[i].Loop.Invoke(() => bytes[at] = GC.GetAllocatedBytesForCurrentThread());
        }

        return bytes;
    }

    private static async Task ConnectAsync(
        Handle handle, ConnectOptions options, int count, CancellationToken cancellationToken)
    {
        for (int i = 0; i < count; i++)
        {
            (await handle.ConnectAsync(ServerRole.Labels, options, cancellationToken)).Dispose();
        }
    }

    private static void Say(string what, long value) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {value}"));
}
