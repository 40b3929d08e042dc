// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Transport;

/// <summary>Waits of what runs on an <see cref="EventLoop"/>.</summary>
public static class LoopWait
{
    /// <summary>
    /// Ends when it is done or cancelled, whichever comes first; the caller looks which. Not by way of the thread pool, as
    /// <see cref="Task.WaitAsync(CancellationToken)"/> would: what is on its way there, a process that takes this one's place could
    /// not see.
    /// </summary>
    /// <param name="done">Set by this, too, when it is cancelled. Runs continuations asynchronously, so that they come in their turn.</param>
    /// <param name="cancellationToken">Ends the wait; nothing is thrown.</param>
    public static async Task DoneOrCancelledAsync(this TaskCompletionSource done, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(done);
        using (cancellationToken.UnsafeRegister(static d => ((TaskCompletionSource)d!).TrySetResult(), done))
        {
            await done.Task.ConfigureAwait(true);
        }
    }
}
