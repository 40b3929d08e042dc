// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Switchboard.Sessions;

/// <summary>A connection that a target was asked to take and has not answered. On the loop, but for what says otherwise.</summary>
/// <param name="target">Whose answer is waited for.</param>
/// <param name="id">Of the target's stream; never used again there.</param>
/// <param name="held">The socket that is sent on accept; null: it went with the offer, or there is none.</param>
internal sealed class PendingOffer(Target target, ulong id, SafeHandle? held)
{
    // Awaited as it is: Task.WaitAsync would take every answer to the thread pool and back.
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Target Target { get; } = target;

    public ulong Id { get; } = id;

    /// <summary>The socket that is sent on accept.</summary>
    public SafeHandle? Held { get; } = held;

    /// <summary>The socket that goes with the offer.</summary>
    public SafeHandle? Unseen { get; init; }

    /// <summary>The target was told of it.</summary>
    public bool IsSent { get; set; }

    /// <summary>The answer, if there was one.</summary>
    public OfferOutcome? Outcome { get; private set; }

    /// <summary>Ends with the answer, or when nobody waits for it any longer. Never faults.</summary>
    public Task Done => _done.Task;

    public void Complete(OfferOutcome outcome)
    {
        Outcome = outcome;
        _done.TrySetResult();
    }

    /// <summary>For any thread.</summary>
    public void GiveUp() => _done.TrySetResult();
}
