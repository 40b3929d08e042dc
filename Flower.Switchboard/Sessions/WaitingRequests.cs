// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Transport;

namespace Flower.Switchboard.Sessions;

/// <summary>The requests that wait for a target, in the order of their places. On the loop.</summary>
/// <param name="loop">Whose thread it is.</param>
internal sealed class WaitingRequests(EventLoop loop)
{
    private const int Max = 16384;
    private const int MaxOfAUser = 1024;

    // One takes about a microsecond to look at. After so many the loop has a millisecond for others, however fast targets come.
    private const int LooksEachMs = 256;

    private readonly SortedDictionary<(long Place, long Wait), (Func<bool> IsMet, TaskCompletionSource Met)> _waiting = [];
    private readonly Shares<uint> _places = new(Max, MaxOfAUser);
    private long _restsUntil;
    private bool _willLook;
    private long _lastPlace;
    private long _lastWait;
    private int _woken;

    /// <summary>How many wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>There are some for whom there is a target, and who have not gone on to it yet.</summary>
    public bool HasWoken => _woken > 0;

    /// <summary>A place for a request that comes now, behind all that have one.</summary>
    public long TakePlace() => ++_lastPlace;

    /// <summary>
    /// For a request that comes now: those for whom there is a target, and who have not gone on to it yet, do so first.
    /// </summary>
    public async ValueTask LetWokenGoFirstAsync()
    {
        if (HasWoken)
        {
            await Task.Yield();
        }
    }

    /// <summary>Waits until a <see cref="Wake"/> finds that there is a target.</summary>
    /// <param name="place">The request's, which it keeps however often, and for however much at once, it waits.</param>
    /// <param name="isMet">Whether there is.</param>
    /// <param name="uid">Who waits.</param>
    /// <param name="isLimited">Whether he has a share of the places, and not all of them.</param>
    /// <param name="caller">Cancelled when who waits has gone.</param>
    /// <exception cref="Grpc.Core.RpcException">RESOURCE_EXHAUSTED: too many wait.</exception>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async Task WaitAsync(
        long place, Func<bool> isMet, uint uid, bool isLimited, CancellationToken caller)
    {
        if (_places.Limit(uid, isLimited) is int limit)
        {
            string ofUser = limit == Max ? "" : $" of user {uid}";
            throw Refusal.Exhausted($"{limit} requests{ofUser} wait for a target, the limit");
        }

        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        (long, long) key = (place, ++_lastWait);
        _waiting.Add(key, (isMet, met));
        _places.Take(uid);
        try
        {
            await met.DoneOrCancelledAsync(caller);
            caller.ThrowIfCancellationRequested();
        }
        finally
        {
            if (!_waiting.Remove(key))
            {
                _woken--;
            }

            _places.Return(uid);
        }
    }

    /// <summary>
    /// A target has come, or takes connections again. Those for whom there is one now go on in the order in which they came:
    /// continuations run in the order in which they are posted. At once, unless that was asked for too often.
    /// </summary>
    public void Wake()
    {
        if (_waiting.Count == 0 || _willLook)
        {
            return;
        }

        long left = _restsUntil - loop.Now;
        if (left <= 0)
        {
            Look();
            return;
        }

        _willLook = true;
        loop.After(TimeSpan.FromMilliseconds(left), () =>
        {
            _willLook = false;
            Look();
        });
    }

    private void Look()
    {
        int looks = _waiting.Count;
        foreach (((long, long) key, (_, TaskCompletionSource met)) in _waiting.Where(wait => wait.Value.IsMet()).ToArray())
        {
            _waiting.Remove(key);
            _woken++;
            met.TrySetResult();
        }

        _restsUntil = loop.Now + (looks / LooksEachMs);
    }
}
