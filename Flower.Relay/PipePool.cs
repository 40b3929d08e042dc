// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

namespace Flower.Relay;

/// <summary>Empty pipes of one loop, a few of which are kept. For the loop's thread alone.</summary>
internal sealed class PipePool(Func<int, KernelPipe?> makePipe) : IDisposable
{
    private const int MaxKept = 16;
    private const int WantedBytes = 256 * 1024;

    // A user beyond pipe-user-pages-soft gets pipes of two pages (pipe(7)): copying is faster than those.
    private const int LeastBytes = 64 * 1024;

    private readonly Stack<KernelPipe> _kept = new();

    /// <summary>An empty pipe, which becomes the caller's.</summary>
    /// <returns>Null: there are no descriptors, or only small pipes.</returns>
    public KernelPipe? TryRent()
    {
        if (_kept.TryPop(out KernelPipe? kept))
        {
            return kept;
        }

        KernelPipe? made = makePipe(WantedBytes);
        if (made is { Capacity: < LeastBytes })
        {
            made.Dispose();
            return null;
        }

        return made;
    }

    /// <summary>Takes a pipe back.</summary>
    public void Return(KernelPipe pipe)
    {
        if (pipe.Held == 0 && _kept.Count < MaxKept)
        {
            _kept.Push(pipe);
        }
        else
        {
            pipe.Dispose();
        }
    }

    /// <summary>Closes what is kept.</summary>
    public void Dispose()
    {
        while (_kept.TryPop(out KernelPipe? pipe))
        {
            pipe.Dispose();
        }
    }
}
