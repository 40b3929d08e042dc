// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.Relay;

/// <summary>
/// Relays between pairs of stream sockets, any number at once, on a few threads of its own. Half-closes are passed on,
/// and a side that does not read holds up the side that sends to it and nobody else. For any thread.
/// </summary>
/// <remarks>
/// A relay holds at most 64 KiB a direction, or a pipe of 256 KiB where much is moved; one that rests holds nothing.
/// A side that is reset ends the relay, and a TCP peer is then reset in turn, so that what is incomplete does not look
/// complete.
/// </remarks>
public sealed class Relays : IDisposable
{
    private const int MaxDefaultThreads = 4;

    private readonly RelayLoop[] _loops;
    private readonly Lock _lock = new();
    private bool _disposed;

    /// <summary>Starts the threads.</summary>
    /// <param name="threads">How many. Default: one a processor, at most four.</param>
    public Relays(int? threads = null)
        : this(threads, KernelPipe.TryCreate)
    {
    }

    /// <summary>For tests: with another way to make a pipe of about so many bytes, or not to (null).</summary>
    internal Relays(int? threads, Func<int, KernelPipe?> makePipe)
    {
        int count = threads ?? Math.Min(Environment.ProcessorCount, MaxDefaultThreads);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(threads));
        _loops = new RelayLoop[count];
        for (int i = 0; i < count; i++)
        {
            _loops[i] = new RelayLoop($"flower-relay-{i}", makePipe);
        }
    }

    /// <summary>Relays that go on.</summary>
    public int Count => _loops.Sum(loop => loop.Count);

    /// <summary>Bytes that were moved by splice(2) instead of being copied.</summary>
    internal long SplicedBytes => _loops.Sum(loop => loop.SplicedBytes);

    /// <summary>
    /// Relays between two connected stream sockets, which it owns from here on and makes non-blocking: nobody else may
    /// use them.
    /// </summary>
    /// <returns>
    /// Completes when both directions have ended, or one has failed, which ends the other; cancelled when the token is, or
    /// when this object is disposed. Both sockets are disposed then; close(2) itself may follow on another thread.
    /// </returns>
    /// <exception cref="FlowerSocketException">The descriptors are no sockets, or cannot be watched.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public Task<RelayedBytes> RunAsync(Descriptor one, Descriptor other, CancellationToken cancellationToken) =>
        RunAsync(one, other, observer: null, cancellationToken);

    /// <summary>The same, with somebody who sees what is moved.</summary>
    /// <returns>As above; once somebody was told that it is over.</returns>
    /// <exception cref="FlowerSocketException">The descriptors are no sockets, or cannot be watched.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public Task<RelayedBytes> RunAsync(
        Descriptor one, Descriptor other, IRelayObserver? observer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        try
        {
            Prepare(one);
            Prepare(other);
            lock (_lock)
            {
                // Under the lock, so that what Dispose ends is all that was ever started.
                ObjectDisposedException.ThrowIf(_disposed, this);
                RelayLoop loop = _loops.MinBy(loop => loop.Count)!;
                var relay = new RelayPair(loop, one, other, observer, cancellationToken);
                loop.Start(relay);
                return relay.Completion;
            }
        }
        catch
        {
            one.Dispose();
            other.Dispose();
            throw;
        }
    }

    /// <summary>
    /// From now on a relay ends as soon as what its first socket has sent was passed on: nobody reads there any more. The
    /// sockets are closed then, as the kernel closes those of a process that has ended.
    /// </summary>
    public void FinishSending()
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                Array.ForEach(_loops, loop => loop.FinishSending());
            }
        }
    }

    /// <summary>Ends what still goes on, and the threads.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        foreach (RelayLoop loop in _loops)
        {
            loop.Dispose();
        }
    }

    private static void Prepare(Descriptor socket)
    {
        StreamSocket.MakeNonBlocking(socket);
        ConnectedSocket.SetNoDelay(socket);
    }
}
