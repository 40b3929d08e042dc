// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;

namespace Flower.Doctor;

/// <summary>Calls to a switchboard that may never answer: each has so long, and then is left alone.</summary>
/// <param name="patience">How long each may take.</param>
/// <param name="stop">The user gives up.</param>
internal sealed class BoundedCalls(TimeSpan patience, CancellationToken stop)
{
    /// <summary>One call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="judge">What it means that it failed: a <see cref="FlowerException"/> or a
    /// <see cref="TimeoutException"/>.</param>
    /// <returns>The answer, or the finding.</returns>
    public async Task<(T? Answer, Finding? Failure)> TryAsync<T>(
        Func<CancellationToken, Task<T>> call, Func<Exception, Finding> judge)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(patience);
        try
        {
            // Both: not every call can be cancelled at each of its steps.
            return (await call(limit.Token).WaitAsync(patience, stop).ConfigureAwait(false), null);
        }
        catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
        {
            return (null, judge(new TimeoutException(e.Message, e)));
        }
        catch (Exception e) when (e is FlowerException or TimeoutException)
        {
            return (null, judge(e));
        }
    }

    /// <summary>Ends a handle; one that does not end, ends with the process.</summary>
    public async Task EndAsync(Handle handle)
    {
        try
        {
            await handle.DisposeAsync().AsTask().WaitAsync(patience, stop).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Everything that matters has been said.
        }
    }
}
