// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.CommandLine;

/// <summary>
/// SIGINT and SIGTERM, which do not end the process while this object lives: the first asks a tool to stop, a second
/// one to stop at once. For any thread.
/// </summary>
public sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _stopping = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;
    private int _signal;

    /// <summary>Begins to listen.</summary>
    /// <param name="cancellationToken">Counts as the first signal.</param>
    public StopSignals(CancellationToken cancellationToken = default)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _stop.Token.UnsafeRegister(static stopping => ((TaskCompletionSource)stopping!).TrySetResult(), _stopping);
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
    }

    /// <summary>Cancelled by the first signal: take nothing new, let what goes on finish.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>Completes with the first signal.</summary>
    public Task Stopping => _stopping.Task;

    /// <summary>Cancelled by the second signal: give up what still goes on.</summary>
    public CancellationToken End => _end.Token;

    /// <summary>The number of the first signal, or 0.</summary>
    public int Signal => Volatile.Read(ref _signal);

    /// <summary>Gives the signals their usual effect again.</summary>
    public void Dispose()
    {
        // The registrations first: what they call uses the rest.
        _interrupt.Dispose();
        _terminate.Dispose();
        _stop.Dispose();
        _end.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        bool first = Interlocked.CompareExchange(ref _signal, context.Signal == PosixSignal.SIGINT ? 2 : 15, 0) == 0;
        (first ? _stop : _end).Cancel();
    }
}
