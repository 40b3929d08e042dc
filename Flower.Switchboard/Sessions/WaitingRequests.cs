// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions;

/// <summary>The requests that wait for a target, in the order in which they came. On the loop.</summary>
internal sealed class WaitingRequests
{
    private const int Max = 4096;

    private readonly LinkedList<(Func<bool> IsMet, TaskCompletionSource Met)> _waiting = new();

    /// <summary>How many wait.</summary>
    public int Count => _waiting.Count;

    /// <summary>Waits until a <see cref="Wake"/> finds that there is a target.</summary>
    /// <param name="isMet">Whether there is.</param>
    /// <param name="caller">Cancelled when who waits has gone.</param>
    /// <exception cref="Grpc.Core.RpcException">RESOURCE_EXHAUSTED: too many wait.</exception>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async Task WaitAsync(Func<bool> isMet, CancellationToken caller)
    {
        if (_waiting.Count >= Max)
        {
            throw Refusal.Exhausted($"{Max} requests wait for a target, the limit");
        }

        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        LinkedListNode<(Func<bool>, TaskCompletionSource)> node = _waiting.AddLast((isMet, met));
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
        }
    }

    /// <summary>
    /// A target has come, or takes connections again. Those for whom there is one now go on in the order in which they came:
    /// continuations run in the order in which they are posted.
    /// </summary>
    public void Wake()
    {
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
    }
}
