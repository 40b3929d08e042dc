// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// Closes descriptors that others have had a hand in, on threads of its own. close(2) of the last descriptor of a TCP socket
/// waits for as long as SO_LINGER says, up to hours (socket(7)), also of one that is still unread in the socket that is closed;
/// close(2) of a file of a FUSE file system waits for the process that serves it; shutdown(2) of a TCP socket waits for whoever
/// receives from it into memory that does not come. One thread is enough until it has to wait; then there are more. Lingering is
/// cut short by a signal. For any thread.
/// </summary>
internal static class DescriptorCloser
{
    // What waits in these many threads is not worth more: the rest stays open until one is free. More than one user's share of the
    // revocable connections.
    private const int MaxThreads = 1280;
    private const int StackBytes = 128 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    // SIGURG: nobody else needs it, and by default it does nothing. A handler is what makes it end the wait.
    private const int Signal = 23;

    /// <summary>
    /// This thread closes all itself. Default: no. A loop that is turned by hand does, so that what happens on it is the same each
    /// time.
    /// </summary>
    [ThreadStatic]
    internal static bool IsHere;

    private static readonly object Lock = new();
    private static readonly Queue<(int Number, bool Ends)> Waiting = new();
    private static readonly List<Worker> Workers = [];
    private static Timer? _timer;
    private static PosixSignalRegistration? _handler;
    private static int _idle;
    private static bool _isWatching;

    /// <summary>Descriptors whose close(2) has not returned.</summary>
    internal static int Pending
    {
        get
        {
            lock (Lock)
            {
                return Waiting.Count + Workers.Count - _idle;
            }
        }
    }

    /// <summary>Closes a number that nobody uses any more. Does not wait.</summary>
    /// <param name="number">The descriptor.</param>
    /// <param name="ends">Whether the socket is shut down before, for whoever else has it.</param>
    internal static void Close(int number, bool ends = false)
    {
        lock (Lock)
        {
            Waiting.Enqueue((number, ends));
            if (_idle > 0)
            {
                Monitor.Pulse(Lock);
            }
            else if (Workers.Count == 0)
            {
                Workers.Add(new Worker());
            }

            Watch();
        }
    }

    // While anything is to be closed, and no longer.
    private static void Watch()
    {
        if (!_isWatching)
        {
            _isWatching = true;
            _timer ??= new Timer(static _ => Look());
            _timer.Change(Patience, Timeout.InfiniteTimeSpan);
        }
    }

    private static void Look()
    {
        lock (Lock)
        {
            _isWatching = false;
            long late = Environment.TickCount64 - (long)Patience.TotalMilliseconds;
            bool allWait = true;
            foreach (Worker worker in Workers)
            {
                if (worker.Since <= late)
                {
                    _handler ??= PosixSignalRegistration.Create((PosixSignal)Signal, static context => context.Cancel = true);
                    worker.Interrupt(Signal);
                }
                else
                {
                    allWait = false;
                }
            }

            // As many again, so that what waits for ever holds up for a moment only what does not.
            int more = allWait ? Math.Min(Math.Min(Waiting.Count, Workers.Count), MaxThreads - Workers.Count) : 0;
            try
            {
                for (int i = 0; i < more; i++)
                {
                    Workers.Add(new Worker());
                }
            }
            catch (OutOfMemoryException)
            {
                // No more threads (RLIMIT_NPROC, TasksMax=) than there are.
            }

            if (Waiting.Count > 0 || _idle < Workers.Count)
            {
                Watch();
            }
        }
    }

    private sealed class Worker
    {
        private nint _thread;

        public Worker() => new Thread(Run, StackBytes) { IsBackground = true, Name = "flower-close" }.Start();

        /// <summary>When its close began, in milliseconds of the monotonic clock; far in the future: it is in none.</summary>
        public long Since { get; private set; } = long.MaxValue;

        public void Interrupt(int signal) => _ = Native.PthreadKill(_thread, signal);

        private void Run()
        {
            _thread = Native.PthreadSelf();
            while (true)
            {
                (int Number, bool Ends) next;
                lock (Lock)
                {
                    Since = long.MaxValue;
                    while (!Waiting.TryDequeue(out next))
                    {
                        _idle++;
                        Monitor.Wait(Lock);
                        _idle--;
                    }

                    Since = Environment.TickCount64;
                }

                if (next.Ends)
                {
                    _ = Native.Shutdown(next.Number, Native.ShutBoth);
                }

                _ = Native.Close(next.Number);
            }
        }
    }
}
