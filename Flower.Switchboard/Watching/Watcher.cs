// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Transport;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Target = Flower.Switchboard.Sessions.Target;

namespace Flower.Switchboard.Watching;

/// <summary>
/// What one caller of Watch has not been told yet: the rest of a snapshot, and a bounded queue of what happened since. What
/// does not fit is counted, and the caller begins anew with a snapshot when it reads again. On the loop.
/// </summary>
/// <param name="board">What is watched.</param>
/// <param name="viewer">Who watches.</param>
/// <param name="isResumed">Another process told the caller before: nobody knows what was missed.</param>
internal sealed class Watcher(Board board, Viewer viewer, bool isResumed) : IEventSink
{
    /// <summary>The most events that wait to be told.</summary>
    public const int MaxEvents = 1024;

    // With large labels it is fewer.
    private const int MaxBytes = 1024 * 1024;
    private const int SliceTargets = 64;
    private const int BatchBytes = 32 * 1024;

    private readonly Queue<Occurrence> _queue = new();
    private readonly List<Target> _slice = [];
    private int _bytes;
    private ulong _missed;
    private bool _isUnknown = isResumed;
    private bool _mustBegin = true;
    private long _next;
    private TaskCompletionSource? _waiter;

    /// <inheritdoc/>
    public uint? User => viewer.IsOverseer ? null : viewer.Caller.Credentials.Uid;

    /// <summary>The board stops.</summary>
    public bool IsStopped { get; private set; }

    private bool IsComplete => _next == TargetDirectory<Target>.EndOfList;

    /// <inheritdoc/>
    public void Take(Occurrence occurrence)
    {
        if (!occurrence.IsVisibleTo(viewer))
        {
            return;
        }

        if (_mustBegin)
        {
            _missed++;
        }
        else if (!IsComplete && occurrence is TargetOccurrence target && target.Registration > _next)
        {
            // The snapshot has not come so far, and will tell how the target is then.
        }
        else if (_queue.Count == MaxEvents || _bytes + occurrence.Size > MaxBytes)
        {
            _missed += (ulong)_queue.Count + 1;
            _queue.Clear();
            _bytes = 0;
            _mustBegin = true;
        }
        else
        {
            _queue.Enqueue(occurrence);
            _bytes += occurrence.Size;
        }

        Wake();
    }

    /// <inheritdoc/>
    public void Stop()
    {
        IsStopped = true;
        Wake();
    }

    /// <summary>Waits until there may be something to tell. The token wakes it, too.</summary>
    public async Task WaitAsync(CancellationToken caller)
    {
        TaskCompletionSource waiter = _waiter = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await waiter.DoneOrCancelledAsync(caller);
    }

    /// <summary>What is told next, a short work; empty: look again in another turn; null: nothing, for now.</summary>
    public WatchResponse? Next()
    {
        var response = new WatchResponse();
        if (_mustBegin)
        {
            Begin(response);
        }

        int bytes = 0;
        while (_queue.TryPeek(out Occurrence? occurrence))
        {
            Event told = occurrence.TellTo(viewer);
            bytes += told.CalculateSize();
            if (bytes > BatchBytes && response.Events.Count > 0)
            {
                return response;
            }

            _queue.Dequeue();
            _bytes -= occurrence.Size;
            response.Events.Add(told);
        }

        if (!IsComplete)
        {
            // After the queue, which changes what was listed before.
            List(response, bytes);
            return response;
        }

        return response.Events.Count == 0 ? null : response;
    }

    private void Begin(WatchResponse response)
    {
        _mustBegin = false;
        _next = 0;
        var begun = new SnapshotBegun();
        if (!_isUnknown)
        {
            begun.Missed = _missed;
        }

        _isUnknown = false;
        _missed = 0;
        Event told = Stamp();
        told.SnapshotBegun = begun;
        response.Events.Add(told);
    }

    private void List(WatchResponse response, int bytes)
    {
        _slice.Clear();
        long next = _next;
        board.List(viewer.TargetFilter, SliceTargets, _slice, ref next);
        foreach (Target target in _slice)
        {
            Event told = Stamp();
            told.Target = TargetOccurrence.List(target, viewer);
            bytes += told.CalculateSize();
            if (bytes > BatchBytes && response.Events.Count > 0)
            {
                return;
            }

            response.Events.Add(told);
            _next = target.Registration;
        }

        _next = next;
        if (IsComplete)
        {
            Event told = Stamp();
            told.SnapshotEnded = new();
            response.Events.Add(told);
        }
    }

    private Event Stamp() => BoardEvents.Stamp(board.Events.LastSequence);

    private void Wake()
    {
        _waiter?.TrySetResult();
        _waiter = null;
    }
}
