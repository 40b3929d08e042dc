// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;

namespace Flower.Serve;

/// <summary>
/// The life of a registered server: it takes connections until it is told to stop or the registration ends; then it
/// takes none, lets what goes on finish for a while, and ends the rest.
/// </summary>
internal sealed class Service(Handle handle, Listener listener, ServeOptions options, StopSignals signals)
{
    /// <summary>A process for each connection.</summary>
    /// <returns>The exit code: 0.</returns>
    /// <exception cref="FlowerException">The registration ended, or the handle is of no more use.</exception>
    public async Task<int> RunProcessesAsync(ConnectionProgram program)
    {
        var server = new ProcessServer(program, options.Verbose);
        var loop = new ConnectionLoop(options.Max, server.ServeAsync);
        Ready();
        FlowerException? lost = await TakeAsync(loop, signals.Stop);
        if (!await TryFinishAsync(loop.IdleAsync))
        {
            // Not waited for: whoever stops us a second time wants it now.
            server.Terminate();
        }

        return lost is null ? ExitCodes.Ok : throw lost;
    }

    /// <summary>One process that listens.</summary>
    /// <returns>The exit code: that of the process, or 0 if we were stopped by a signal.</returns>
    /// <exception cref="FlowerException">The registration ended, or the handle is of no more use.</exception>
    public async Task<int> RunListeningAsync(string[] words)
    {
        using var program = ListeningProgram.Start(words, options.Verbose);
        var loop = new ConnectionLoop(options.Max, program.ServeAsync);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(signals.Stop);
        Task<Rpc.Interop.ExitStatus> exited = program.Process.Exited;
        Task stopping = StopWhenExitedAsync(exited, stop);
        Ready();
        FlowerException? lost = await TakeAsync(loop, stop.Token);
        if (exited.IsCompleted)
        {
            // Also said when it was 0: a server is not expected to end by itself. What it wrote last is still relayed.
            Tool.Say(ServeCommand.FullName, $"pid {program.Process.Id} {await exited}");
            await TryFinishAsync(loop.IdleAsync);
            return (await exited).ShellCode;
        }

        bool stopped = await TryFinishAsync(async cancellationToken =>
        {
            await Task.WhenAny(loop.IdleAsync(cancellationToken), exited);
            cancellationToken.ThrowIfCancellationRequested();
            await program.StopAsync(cancellationToken);
        });
        if (!stopped)
        {
            program.Terminate();
        }

        await stop.CancelAsync();
        await stopping;
        return lost is null ? ExitCodes.Ok : throw lost;
    }

    private void Ready()
    {
        Tool.Say(ServeCommand.FullName, $"registered {listener.Labels}");
        Notifier.Ready();
    }

    // Afterwards nobody is sent to us any more.
    private async Task<FlowerException?> TakeAsync(ConnectionLoop loop, CancellationToken stop)
    {
        FlowerException? lost = null;
        try
        {
            await loop.RunAsync(handle, listener, stop);
        }
        catch (FlowerException e)
        {
            lost = e;
        }

        await listener.DisposeAsync();
        return lost;
    }

    // False: the time was over, or a second signal came.
    private async Task<bool> TryFinishAsync(Func<CancellationToken, Task> finish)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(signals.End);
        limit.CancelAfter(options.Drain);
        try
        {
            await finish(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task StopWhenExitedAsync(Task exited, CancellationTokenSource stop)
    {
        try
        {
            await exited.WaitAsync(stop.Token);
            await stop.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // Stopped for another reason.
        }
    }
}
