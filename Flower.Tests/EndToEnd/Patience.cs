// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Tests.EndToEnd;

/// <summary>How long a test waits for anything before it fails instead.</summary>
internal static class Patience
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public static Task Within(this Task task) => task.WaitAsync(Limit);

    public static Task<T> Within<T>(this Task<T> task) => task.WaitAsync(Limit);

    public static Task<T> Within<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Limit);

    /// <summary>Asks until the answer is yes. False: it never was.</summary>
    public static async Task<bool> UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await condition())
        {
            if (limit.IsCancellationRequested)
            {
                return false;
            }

            // Not a synchronisation: the kernel has no event for what is asked here.
            await Task.Delay(Poll);
        }

        return true;
    }
}
