// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.Relay;

/// <summary>
/// One relay: two sockets, which it owns, and a direction each way. Ends itself, once, in <see cref="End"/>. What is
/// not marked otherwise is for the loop's thread alone.
/// </summary>
internal sealed class RelayPair
{
    private static readonly SendOrPostCallback Resumed = static state => ((RelayPair)state!).Resume();

    private readonly RelayLoop _loop;
    private readonly Side _one;
    private readonly Side _other;
    private readonly Direction _toOther;
    private readonly Direction _toOne;
    private readonly IRelayObserver? _observer;
    private readonly CancellationToken _token;
    private readonly TaskCompletionSource<RelayedBytes> _completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenRegistration _registration;
    private bool _hasEnded;
    private bool _isQueued;

    public RelayPair(
        RelayLoop loop, Descriptor one, Descriptor other, IRelayObserver? observer, CancellationToken token)
    {
        _loop = loop;
        _one = new Side(one);
        _other = new Side(other);
        _observer = observer;
        _toOther = new Direction(loop, _one, _other, observer is null ? null : new(loop, observer, toOther: true));
        _toOne = new Direction(loop, _other, _one, observer is null ? null : new(loop, observer, toOther: false));
        _token = token;
    }

    /// <summary>For any thread.</summary>
    public Task<RelayedBytes> Completion => _completion.Task;

    public void Start()
    {
        try
        {
            _one.Watch(_loop.Events, ready => OnReady(_one, _toOther, ready));
            _other.Watch(_loop.Events, ready => OnReady(_other, _toOne, ready));
        }
        catch (FlowerSocketException e)
        {
            End(reset: true);
            _completion.TrySetException(e);
            return;
        }

        // On the loop, so that End finds the registration. The callback comes on any thread, or at once.
        _registration = _token.UnsafeRegister(
            static (state, token) => ((RelayPair)state!).PostCancel(token), this);
        TakeTurn();
    }

    /// <summary>Closes both sockets, then completes as cancelled. Idempotent.</summary>
    public void Cancel(CancellationToken token)
    {
        End(reset: true);
        _completion.TrySetCanceled(token);
    }

    // For any thread.
    private void PostCancel(CancellationToken token) => _loop.Events.Post(_ => Cancel(token), null);

    private void OnReady(Side side, Direction from, Readiness ready)
    {
        side.Note(ready);
        TakeTurn();
        // A TCP side that was reset while what it sent still waits for the other: nobody would read its error until
        // then, which may be never. What a Unix side sent stays whole, and goes on.
        if ((ready & Readiness.Error) != 0 && from.HoldsBytes && !_hasEnded && !UnixSocket.IsUnixSocket(side.Socket))
        {
            Complete(reset: true);
        }
    }

    private void Resume()
    {
        _isQueued = false;
        TakeTurn();
    }

    /// <summary>Moves what there is, both ways, and ends when nothing more can come.</summary>
    public void TakeTurn()
    {
        Advance(_toOther, _toOne);
        Advance(_toOne, _toOther);
        if (_hasEnded)
        {
            return;
        }

        if (_loop.OnlySends && _toOther.HasEnded)
        {
            Complete(reset: false);
            return;
        }

        EndIfPointless(_toOther, _toOne);
        EndIfPointless(_toOne, _toOther);
        if (_toOther.HasEnded && _toOne.HasEnded)
        {
            Complete(reset: false);
        }
    }

    private void Advance(Direction direction, Direction reverse)
    {
        if (_hasEnded || direction.HasEnded)
        {
            return;
        }

        switch (direction.Advance())
        {
            case Progress.HasMore:
                Queue();
                break;
            case Progress.SourceFailed:
                Complete(reset: true);
                break;
            case Progress.SinkFailed when reverse.HoldsBytes && !UnixSocket.IsUnixSocket(direction.Sink.Socket):
                Complete(reset: true);
                break;
            case Progress.SinkFailed:
                // What the failed side had sent before is still delivered; its end or error comes right after.
                ConnectedSocket.EndReceiving(direction.Source.Socket);
                direction.End();
                reverse.Source.TryReceiving();
                Queue();
                break;
        }
    }

    // Nothing can reach a side that is gone, and what it had sent has been delivered: the other may stay silent for
    // ever.
    private static void EndIfPointless(Direction direction, Direction reverse)
    {
        if (direction.Sink.IsGone && reverse.HasEnded)
        {
            direction.End();
        }
    }

    private void Queue()
    {
        if (!_isQueued)
        {
            _isQueued = true;
            _loop.Events.Post(Resumed, this);
        }
    }

    private void Complete(bool reset)
    {
        End(reset);
        _completion.TrySetResult(new(_toOther.Moved, _toOne.Moved));
    }

    private void End(bool reset)
    {
        if (_hasEnded)
        {
            return;
        }

        // The token first, whose callback must not outlive the relay; then the watches and the sockets; then the place
        // in the loop.
        _hasEnded = true;
        _registration.Unregister();
        _toOther.End();
        _toOne.End();
        if (reset)
        {
            ConnectedSocket.ResetOnClose(_one.Socket);
            ConnectedSocket.ResetOnClose(_other.Socket);
        }

        _one.Dispose();
        _other.Dispose();
        _loop.Forget(this);
        _observer?.Closed(reset, new(_toOther.Moved, _toOne.Moved));
    }
}
