// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Transport;

namespace Flower.Switchboard.Sessions;

/// <summary>The requests that wait for a target, in the order in which they came. On the loop.</summary>
/// <param name="loop">Whose thread it is.</param>
internal sealed class WaitingRequests(EventLoop loop)
{
    private const int Max = 16384;
    private const int MaxOfAUser = 1024;

    // One takes about a microsecond to look at. After so many the loop has a millisecond for others, however fast targets come.
    private const int LooksEachMs = 256;

    private readonly LinkedList<(Func<bool> IsMet, TaskCompletionSource Met)> _waiting = new();
    private readonly Shares<uint> _places = new(Max, MaxOfAUser);
    private long _restsUntil;
    private bool _willLook;

    /// <summary>How many wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>Waits until a <see cref="Wake"/> finds that there is a target.</summary>
    /// <param name="isMet">Whether there is.</param>
    /// <param name="uid">Who waits.</param>
    /// <param name="isLimited">Whether he has a share of the places, and not all of them.</param>
    /// <param name="caller">Cancelled when who waits has gone.</param>
    /// <exception cref="Grpc.Core.RpcException">RESOURCE_EXHAUSTED: too many wait.</exception>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async Task WaitAsync(Func<bool> isMet, uint uid, bool isLimited, CancellationToken caller)
    {
        if (_places.Limit(uid, isLimited) is int limit)
        {
            string ofUser = limit == Max ? "" : $" of user {uid}";
            throw Refusal.Exhausted($"{limit} requests{ofUser} wait for a target, the limit");
        }

        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        LinkedListNode<(Func<bool>, TaskCompletionSource)> node = _waiting.AddLast((isMet, met));
        _places.Take(uid);
        try
        {
            // Not Task.WaitAsync, which would go on by way of the thread pool: what is on its way there, a process that
            // takes this one's place could not see.
            using (caller.UnsafeRegister(static m => ((TaskCompletionSource)m!).TrySetResult(), met))
            {
                await met.Task;
            }

            caller.ThrowIfCancellationRequested();
        }
        finally
        {
            if (node.List is not null)
            {
                _waiting.Remove(node);
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
        for (LinkedListNode<(Func<bool> IsMet, TaskCompletionSource Met)>? node = _waiting.First; node is not null;)
        {
            LinkedListNode<(Func<bool> IsMet, TaskCompletionSource Met)>? next = node.Next;
            if (node.Value.IsMet())
            {
                _waiting.Remove(node);
                node.Value.Met.TrySetResult();
            }

            node = next;
        }

        _restsUntil = loop.Now + (looks / LooksEachMs);
    }
}
