// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Switchboard.Sessions;

/// <summary>A connection that a target was asked to take and has not answered. On the loop, but for what says otherwise.</summary>
/// <param name="target">Whose answer is waited for.</param>
/// <param name="id">Of the target's stream; never used again there.</param>
/// <param name="held">The socket that is sent on accept; null: it went with the offer, or there is none.</param>
/// <param name="waiter">Told of the answer; null: <see cref="Done"/> is awaited, and given up by <see cref="GiveUp"/>.</param>
internal sealed class PendingOffer(Target target, ulong id, SafeHandle? held, IOfferWaiter? waiter = null)
{
    private readonly CancellationTokenSource? _patience = waiter is null ? new() : null;
    private SafeHandle? _held = held;
    private bool _isWanted;

    // Awaited as it is: Task.WaitAsync would take every answer to the thread pool and back.
    private readonly TaskCompletionSource? _done =
        waiter is null ? new(TaskCreationOptions.RunContinuationsAsynchronously) : null;

    public Target Target { get; } = target;

    public ulong Id { get; } = id;

    /// <summary>The socket that is sent on accept.</summary>
    public SafeHandle? Held => _held;

    /// <summary>The socket that goes with the offer.</summary>
    public SafeHandle? Unseen { get; init; }

    /// <summary>The trace that it is a part of; null: none.</summary>
    public string? TraceParent { get; set; }

    /// <summary>The target was told of it.</summary>
    public bool IsSent { get; set; }

    /// <summary>The answer, if there was one.</summary>
    public OfferOutcome? Outcome { get; private set; }

    /// <summary>Cancelled when nobody waits for the answer any longer.</summary>
    public CancellationToken Patience => _patience!.Token;

    /// <summary>Ends with the answer, or when nobody waits for it any longer. Never faults.</summary>
    public Task Done => _done!.Task;

    /// <summary>Who waits for the answer takes back a held socket that was not sent: see <see cref="TakeBack"/>.</summary>
    public void Want() => _isWanted = true;

    /// <summary>The held socket of an offer that was not taken, which the caller now owns; null: there is none.</summary>
    public SafeHandle? TakeBack()
    {
        SafeHandle? held = Outcome is OfferOutcome.Accepted ? null : _held;
        _held = null;
        return held;
    }

    /// <summary>The target did not take it: the held socket is closed, unless it is wanted back.</summary>
    public void LetGo()
    {
        if (!_isWanted)
        {
            TakeBack()?.Dispose();
        }
    }

    public void Complete(OfferOutcome outcome)
    {
        Outcome = outcome;
        _done?.TrySetResult();
        waiter?.OnAnswered(outcome);
    }

    /// <summary>Nobody waits for the answer any longer. For any thread.</summary>
    public void GiveUp()
    {
        _patience!.Cancel();
        _done!.TrySetResult();
    }
}
