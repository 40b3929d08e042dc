// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;
using Flower.Rpc.Interop;

namespace Flower.Rpc.Transport;

/// <summary>
/// One thread that waits for descriptors, timers and posted work, and runs every handler itself. As a
/// <see cref="SynchronizationContext"/> it brings <c>async</c> code back to its thread, always through its queue, so
/// that no handler runs inside another one. What is not marked otherwise is for the loop's thread alone.
/// </summary>
public sealed class EventLoop : SynchronizationContext, IDisposable
{
    private const int PostedStepsPerTurn = 4;
    private static readonly Lazy<EventLoop> SharedLoop = new(() => new EventLoop("flower-sessions", null));

    private readonly Epoll _epoll = new();
    private readonly ConcurrentDictionary<ulong, Watch> _watches = new();
    private readonly ConcurrentQueue<(SendOrPostCallback Callback, object? State)> _posted = new();
    private readonly LoopTimers _timers = new();
    private readonly List<Action> _endOfTurn = [];
    private readonly Action<Exception>? _fault;
    private readonly Func<long>? _clock;
    private readonly Thread _thread;
    private ulong _lastToken;
    private volatile bool _stopping;
    private int _wakePending;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Of the thread.</param>
    /// <param name="fault">Told of an exception that a handler let through; the loop goes on. Null: the process fails.</param>
    public EventLoop(string name, Action<Exception>? fault)
    {
        _fault = fault;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>
    /// A loop without a thread of its own: the caller's thread turns it, by <see cref="Turn"/>, and time passes as the caller
    /// says. So what happens on it can be tried out in any order, and again in the same one.
    /// </summary>
    /// <param name="clock">Milliseconds of a monotonic clock.</param>
    /// <param name="fault">As for the other one.</param>
    internal EventLoop(Func<long> clock, Action<Exception>? fault)
    {
        _clock = clock;
        _fault = fault;
        _thread = Thread.CurrentThread;
        DescriptorCloser.IsHere = true;
    }

    /// <summary>Puts what is ready into an order; says how many of the first are handled now, the others being told again.</summary>
    internal delegate int Chooser(Span<(ulong Token, Readiness Ready)> ready);

    /// <summary>The loop that all client sessions of this process share; it never ends.</summary>
    public static EventLoop Shared => SharedLoop.Value;

    /// <summary>Whether nothing that was posted waits for its turn.</summary>
    public bool IsIdle => _posted.IsEmpty;

    /// <summary>Whether the caller runs on the loop's thread. For any thread.</summary>
    public bool IsCurrent => Thread.CurrentThread == _thread;

    /// <summary>Milliseconds of the monotonic clock.</summary>
    public long Now => _clock is null ? Environment.TickCount64 : _clock();

    /// <inheritdoc/>
    /// <remarks>For any thread.</remarks>
    public override void Post(SendOrPostCallback d, object? state)
    {
        _posted.Enqueue((d, state));
        // The loop looks at the queue before it waits again, so it needs no wake-up from itself.
        if (!IsCurrent && Interlocked.Exchange(ref _wakePending, 1) == 0)
        {
            try
            {
                _epoll.Wake();
            }
            catch (ObjectDisposedException)
            {
                // The loop has ended, and with it what waited for its turn.
            }
        }
    }

    /// <inheritdoc/>
    public override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("a caller of the loop does not wait for it: use Post or Invoke");

    /// <inheritdoc/>
    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Runs on the loop and tells when it is done. For any thread.</summary>
    public Task Invoke(Func<Task> action)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(
            async _ =>
            {
                try
                {
                    await action().ConfigureAwait(true);
                    done.SetResult();
                }
                catch (Exception e)
                {
                    done.SetException(e);
                }
            },
            null);
        return done.Task;
    }

    /// <summary>Runs on the loop and tells when it is done. For any thread.</summary>
    public Task Invoke(Action action) => Invoke(() =>
    {
        action();
        return Task.CompletedTask;
    });

    /// <summary>Runs once when this turn's events have been handled: the place for sends that were collected.</summary>
    public void AtEndOfTurn(Action action) => _endOfTurn.Add(action);

    /// <summary>Runs the action after a time, unless the timer is disposed first: then the action is let go at once.</summary>
    public IDisposable After(TimeSpan delay, Action action) => _timers.Add(Now, delay, action);

    /// <summary>Ends the thread when its current turn is over, and waits for that. For any other thread.</summary>
    public void Dispose()
    {
        _stopping = true;
        _epoll.Wake();
        if (_clock is not null)
        {
            DescriptorCloser.IsHere = false;
            _epoll.Dispose();
        }
        else if (!IsCurrent)
        {
            _thread.Join();
        }
    }

    /// <summary>One turn of a loop without a thread; does not wait.</summary>
    /// <returns>Whether there was anything to do.</returns>
    internal bool Turn(Chooser choose)
    {
        SynchronizationContext? outside = Current;
        SetSynchronizationContext(this);
        try
        {
            Span<(ulong Token, Readiness Ready)> events = new (ulong, Readiness)[256];
            events = events[.._epoll.Wait(0, events)];
            // The kernel's order is not ours to repeat.
            events.Sort(static (a, b) => a.Token.CompareTo(b.Token));
            bool isBusy = events.Length > 0 || !_posted.IsEmpty || _timers.MillisecondsToNext(Now) == 0;
            int count = choose(events);
            for (int i = 0; i < events.Length; i++)
            {
                // What has changed is told once.
                if (_watches.TryGetValue(events[i].Token, out Watch? watch) && (i < count || watch.IsEdge))
                {
                    Guard(watch.Run, events[i].Ready);
                }
            }

            RunTimers();
            RunPosted();
            RunEndOfTurn();
            return isBusy;
        }
        finally
        {
            SetSynchronizationContext(outside);
        }
    }

    /// <summary>Watches a descriptor. For any thread; the handler runs on the loop.</summary>
    public Watch Add(Descriptor descriptor, Readiness interest, Action<Readiness> handler)
    {
        ulong token = Interlocked.Increment(ref _lastToken);
        var watch = new Watch(this, descriptor, token, interest, handler);
        _watches[token] = watch;
        try
        {
            _epoll.Add(descriptor, interest, token);
        }
        catch
        {
            _watches.TryRemove(token, out _);
            throw;
        }

        return watch;
    }

    private void Run()
    {
        SetSynchronizationContext(this);
        Span<(ulong Token, Readiness Ready)> events = new (ulong, Readiness)[256];
        while (!_stopping)
        {
            int count = _epoll.Wait(_posted.IsEmpty ? _timers.MillisecondsToNext(Now) : 0, events);
            Volatile.Write(ref _wakePending, 0);
            for (int i = 0; i < count; i++)
            {
                if (_watches.TryGetValue(events[i].Token, out Watch? watch))
                {
                    Guard(watch.Run, events[i].Ready);
                }
            }

            RunTimers();
            RunPosted();
            RunEndOfTurn();
        }

        _epoll.Dispose();
    }

    private void Guard<T>(Action<T> action, T argument)
    {
        try
        {
            action(argument);
        }
        catch (Exception e) when (_fault is not null)
        {
            _fault(e);
        }
    }

    private void RunTimers()
    {
        long now = Now;
        while (_timers.TakeDue(now) is { } action)
        {
            Guard(static a => a(), action);
        }
    }

    private void RunPosted()
    {
        // What these add follows in the same turn, so that the few steps of a handler cost one wait and one send; more
        // steps than that wait for the next turn, so that posted work cannot keep sockets waiting.
        for (int steps = PostedStepsPerTurn; steps > 0 && !_posted.IsEmpty; steps--)
        {
            for (int left = _posted.Count;
                left > 0 && _posted.TryDequeue(out (SendOrPostCallback Callback, object? State) work);
                left--)
            {
                Guard(static w => w.Callback(w.State), work);
            }
        }
    }

    private void RunEndOfTurn()
    {
        for (int i = 0; i < _endOfTurn.Count; i++)
        {
            Guard(static action => action(), _endOfTurn[i]);
        }

        _endOfTurn.Clear();
    }

    /// <summary>One watched descriptor. Dispose it before the descriptor.</summary>
    public sealed class Watch : IDisposable
    {
        private readonly EventLoop _loop;
        private readonly Descriptor _descriptor;
        private readonly ulong _token;
        private Readiness _interest;

        internal Watch(
            EventLoop loop, Descriptor descriptor, ulong token, Readiness interest, Action<Readiness> handler)
        {
            _loop = loop;
            _descriptor = descriptor;
            _token = token;
            _interest = interest;
            Run = handler;
        }

        internal Action<Readiness> Run { get; }

        internal bool IsEdge => (_interest & Readiness.Edge) != 0;

        /// <summary>Changes what is waited for.</summary>
        public void Change(Readiness interest)
        {
            if (_interest != interest)
            {
                _interest = interest;
                _loop._epoll.Change(_descriptor, interest, _token);
            }
        }

        /// <summary>Watches no more.</summary>
        public void Dispose()
        {
            if (_loop._watches.TryRemove(_token, out _))
            {
                _loop._epoll.Remove(_descriptor);
            }
        }
    }
}
