// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;
using Flower.Rpc.Transport;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions.Resolving;

/// <summary>
/// A question that a resolver was asked and has not answered: what has come of the answer, and all who wait for it. On the
/// loop.
/// </summary>
/// <param name="id">Of the resolver's stream; never used again there.</param>
/// <param name="labels">What is asked.</param>
/// <param name="user">For whom it counts; null: for one without quotas.</param>
internal sealed class PendingQuestion(ulong id, LabelSet labels, uint? user)
{
    private readonly LinkedList<TaskCompletionSource> _waiters = new();

    public ulong Id { get; } = id;

    public LabelSet Labels { get; } = labels;

    public uint? User { get; } = user;

    /// <summary>Cancelled when it need not be sent any more.</summary>
    public CancellationTokenSource Sending { get; } = new();

    /// <summary>The resolver was told of it.</summary>
    public bool IsSent { get; set; }

    /// <summary>Ends when it is answered, or nobody waits any longer.</summary>
    public IDisposable? Deadline { get; set; }

    /// <summary>The parts of the answer so far.</summary>
    public ImmutableArray<ResolvedTarget>.Builder Targets { get; } = ImmutableArray.CreateBuilder<ResolvedTarget>();

    /// <summary>How many targets came, those among them that were left out.</summary>
    public int Told { get; set; }

    /// <summary>The bytes of the answer so far.</summary>
    public long Size { get; set; }

    public ResolverOutcome? Outcome { get; private set; }

    /// <summary>How many wait for the answer.</summary>
    public int WaiterCount => _waiters.Count;

    /// <summary>Waits for the outcome, or for the end of the token: then it is null.</summary>
    public async Task<ResolverOutcome?> WaitAsync(CancellationToken caller)
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        LinkedListNode<TaskCompletionSource> node = _waiters.AddLast(answered);
        await answered.DoneOrCancelledAsync(caller);
        _waiters.Remove(node);
        return Outcome;
    }

    public void Complete(ResolverOutcome outcome)
    {
        Outcome = outcome;
        foreach (TaskCompletionSource waiter in _waiters)
        {
            waiter.TrySetResult();
        }
    }
}
