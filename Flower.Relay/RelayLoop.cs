// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Relay;

/// <summary>
/// One thread and the relays on it, with what they share: a buffer for what is copied, and empty pipes. What is not
/// marked otherwise is for the loop's thread alone.
/// </summary>
internal sealed class RelayLoop : IDisposable
{
    /// <summary>The most that one direction moves before the others have their turn.</summary>
    public const int TurnBytes = 256 * 1024;

    private const int BufferBytes = 64 * 1024;

    private readonly HashSet<RelayPair> _pairs = [];
    private int _count;
    private long _splicedBytes;

    public RelayLoop(string name, Func<int, KernelPipe?> makePipe)
    {
        Pipes = new PipePool(makePipe);
        Events = new EventLoop(name, null);
    }

    /// <summary>Relays that were started and have not ended. For any thread.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>For any thread.</summary>
    public long SplicedBytes => Volatile.Read(ref _splicedBytes);

    public EventLoop Events { get; }

    public PipePool Pipes { get; }

    /// <summary>Empty between two calls of a handler.</summary>
    public byte[] Buffer { get; } = new byte[BufferBytes];

    /// <summary>A relay ends once what its first socket has sent was passed on.</summary>
    public bool OnlySends { get; private set; }

    /// <summary>For any thread.</summary>
    public void FinishSending() => Events.Post(
        _ =>
        {
            OnlySends = true;
            foreach (RelayPair pair in _pairs.ToArray())
            {
                pair.TakeTurn();
            }
        },
        null);

    /// <summary>For any thread.</summary>
    public void Start(RelayPair pair)
    {
        Interlocked.Increment(ref _count);
        Events.Post(
            state =>
            {
                var started = (RelayPair)state!;
                _pairs.Add(started);
                started.Start();
            },
            pair);
    }

    public void Forget(RelayPair pair)
    {
        _pairs.Remove(pair);
        Interlocked.Decrement(ref _count);
    }

    public void CountSpliced(int bytes) => Volatile.Write(ref _splicedBytes, _splicedBytes + bytes);

    /// <summary>Ends the relays, then the thread. For any other thread, once nothing is started any more.</summary>
    public void Dispose()
    {
        Task ended = Events.Invoke(() =>
        {
            foreach (RelayPair pair in _pairs.ToArray())
            {
                pair.Cancel(new CancellationToken(canceled: true));
            }

            Pipes.Dispose();
        });
        ended.GetAwaiter().GetResult();
        Events.Dispose();
    }
}
