// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

namespace Flower.Relay;

/// <summary>Shows an observer what one direction moves. For the loop's thread alone.</summary>
/// <param name="loop">Whose buffer and pipes are used.</param>
/// <param name="observer">Who is shown it.</param>
/// <param name="toOther">Which direction.</param>
internal sealed class Observation(RelayLoop loop, IRelayObserver observer, bool toOther)
{
    /// <summary>Shows bytes that were copied.</summary>
    public void Show(ReadOnlySpan<byte> bytes)
    {
        if (observer.WantsBytes)
        {
            observer.Moving(toOther, bytes);
        }
    }

    /// <summary>
    /// Shows all that a pipe holds, by tee(2): the pages stay in it, and go on to the sink as they are. Uses the loop's buffer.
    /// </summary>
    /// <returns>False: it cannot be teed, and nothing was shown.</returns>
    public bool TryShow(KernelPipe pipe)
    {
        if (!observer.WantsBytes)
        {
            return true;
        }

        KernelPipe? copy = loop.Pipes.TryRent();
        if (copy is null)
        {
            return false;
        }

        bool isWhole = pipe.Tee(copy) == pipe.Held;
        while (isWhole && copy.Held > 0)
        {
            int count = copy.Take(loop.Buffer);
            observer.Moving(toOther, loop.Buffer.AsSpan(0, count));
        }

        // One that holds something is closed.
        loop.Pipes.Return(copy);
        return isWhole;
    }

    /// <summary>The direction has ended.</summary>
    public void End() => observer.Ended(toOther);
}
