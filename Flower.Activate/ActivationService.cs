// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Rpc.Interop;

namespace Flower.Activate;

/// <summary>Starts the command for those who wait, one at a time, and stops it when it is idle. Owns the running one.</summary>
internal sealed class ActivationService(Handle handle, string[] words, Idleness idleness, ActivateOptions options)
    : IAsyncDisposable
{
    // A command that ends so soon has failed, whatever it says; it is not started again for a moment.
    private static readonly TimeSpan TooSoon = TimeSpan.FromSeconds(1);

    private volatile bool _isWanted;
    private ActivatedProgram? _running;
    private Task _watching = Task.CompletedTask;
    private string? _failure;
    private long _failedAt;

    /// <summary>Runs until it is told to stop.</summary>
    /// <exception cref="FlowerException">The registration ended.</exception>
    public async Task RunAsync(ServerActivator activator, CancellationToken stop)
    {
        try
        {
            await foreach (ActivationRequest request in activator.WithCancellation(stop))
            {
                using var over = CancellationTokenSource.CreateLinkedTokenSource(request.Cancelled, stop);
                _isWanted = true;
                await ServeAsync(request, over.Token);
                _isWanted = false;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Those who wait are told when the registration ends.
        }
    }

    /// <summary>Stops the command, and waits for it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_running is { Exited.IsCompleted: false } running)
        {
            await running.StopAsync(options.StopTimeout);
        }

        await _watching;
    }

    // Until nobody waits any more.
    private async Task ServeAsync(ActivationRequest request, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            if (await FindOrStartAsync(over) is not ActivatedProgram program)
            {
                await request.FailAsync(_failure!, over);
                return;
            }

            if (await UntilEitherAsync(program.Exited, over) && !program.IsStopping)
            {
                ExitStatus status = await program.Exited;
                if (!status.IsSuccess || program.Age < TooSoon)
                {
                    Fail($"{words[0]} {status} before it registered a server that was asked for");
                }
            }
        }
    }

    // Null: it failed.
    private async Task<ActivatedProgram?> FindOrStartAsync(CancellationToken over)
    {
        if (_running is { Exited.IsCompleted: false, IsStopping: false } running)
        {
            return running;
        }

        // The name of one that is stopping is taken until it has ended.
        await _watching;
        if (_failure is not null && Environment.TickCount64 - _failedAt < TooSoon.TotalMilliseconds)
        {
            return null;
        }

        try
        {
            _running = await ActivatedProgram.StartAsync(handle, options.Labels, words, over);
        }
        catch (Exception e) when (e is ToolException or FlowerException)
        {
            Fail(e.Message);
            return null;
        }

        _failure = null;
        Say($"started {words[0]} (pid {_running.Id})");
        _watching = WatchAsync(_running);
        return _running;
    }

    private async Task WatchAsync(ActivatedProgram program)
    {
        using var ended = new CancellationTokenSource();
        Task stopping = StopWhenIdleAsync(program, ended.Token);
        ExitStatus status = await program.Exited;
        await ended.CancelAsync();
        await stopping;
        if (!status.IsSuccess && !program.IsStopping)
        {
            Tool.Say(ActivateCommand.FullName, $"pid {program.Id} {status}");
        }
        else
        {
            Say($"pid {program.Id} {status}");
        }
    }

    private async Task StopWhenIdleAsync(ActivatedProgram program, CancellationToken ended)
    {
        try
        {
            await idleness.DrainWhenIdleAsync(() => _isWanted, ended);
            Say($"pid {program.Id} is idle: stopping it");
            await program.StopAsync(options.StopTimeout);
        }
        catch (OperationCanceledException)
        {
            // It has ended by itself.
        }
        catch (FlowerException e)
        {
            Tool.Say(ActivateCommand.FullName, $"cannot see whether pid {program.Id} is idle, and lets it run: {e.Message}");
        }
    }

    private void Fail(string why)
    {
        _failure = why;
        _failedAt = Environment.TickCount64;
        Tool.Say(ActivateCommand.FullName, why);
    }

    private void Say(string line)
    {
        if (options.Verbose)
        {
            Tool.Say(ActivateCommand.FullName, line);
        }
    }

    // True: the first of the two.
    private static async Task<bool> UntilEitherAsync(Task task, CancellationToken token)
    {
        var cancelled = new TaskCompletionSource();
        await using (token.UnsafeRegister(static done => ((TaskCompletionSource)done!).TrySetResult(), cancelled))
        {
            return await Task.WhenAny(task, cancelled.Task) == task;
        }
    }
}
