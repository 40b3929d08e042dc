// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.CompilerServices;

namespace Flower.Client;

/// <summary>
/// The way from the loop to the thread pool. The readers of target calls run on the loop, where the code of a user who
/// awaits one of their tasks must not run.
/// </summary>
internal static class LoopExit
{
    /// <summary>Goes on on a thread of the pool.</summary>
    public static ConfiguredTaskAwaitable TakeAsync() =>
        Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
}
