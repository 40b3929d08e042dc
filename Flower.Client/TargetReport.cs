// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Transport;

namespace Flower.Client;

/// <summary>
/// What a target says of itself, from one stream to the next: what changes is sent, as it then is, and the whole is what it
/// registers with. A burst of changes is one message at its beginning and one at its end. Thread-safe.
/// </summary>
/// <param name="state">What it says to begin with.</param>
internal sealed class TargetReport(TargetUpdate state)
{
    // Between two messages about the number of connections: the switchboard counts what is accepted meanwhile by itself.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private EventLoop? _loop;
    private Func<TargetUpdate, Task>? _send;
    private long _version;
    private long _told;
    private bool _isPausing;

    // The pauses of a stream that has ended are over: another one has its own.
    private int _pauses;

    public int Weight
    {
        get
        {
            lock (_lock)
            {
                return (int)state.Weight;
            }
        }
    }

    public bool IsDraining
    {
        get
        {
            lock (_lock)
            {
                return state.Draining;
            }
        }
    }

    public int OpenConnections
    {
        get
        {
            lock (_lock)
            {
                return (int)state.OpenConnections;
            }
        }
    }

    /// <summary>What it is registered with. What changes from here on is told by <see cref="Resume"/>.</summary>
    public TargetUpdate Begin()
    {
        lock (_lock)
        {
            _send = null;
            _isPausing = false;
            _pauses++;
            _told = _version;
            return state.Clone();
        }
    }

    /// <summary>It is registered.</summary>
    /// <param name="send">Sends an update on the stream; faults when that has ended.</param>
    /// <param name="loop">Of the stream.</param>
    /// <param name="again">The switchboard has forgotten how many connections there are.</param>
    public void Resume(Func<TargetUpdate, Task> send, EventLoop loop, bool again = false)
    {
        lock (_lock)
        {
            _send = send;
            _loop = loop;
            _version += again && state.OpenConnections > 0 ? 1 : 0;
        }

        _ = FlushAsync();
    }

    /// <summary>
    /// Changes the weight, or whether it drains. Ends when that was sent; where there is no stream at the moment, it is what
    /// is registered again.
    /// </summary>
    public Task UpdateAsync(int? weight, bool? draining)
    {
        lock (_lock)
        {
            state.Weight = (uint?)weight ?? state.Weight;
            state.Draining = draining ?? state.Draining;
            _version++;
        }

        return FlushAsync();
    }

    /// <summary>There are so many more connections, or fewer.</summary>
    public void Count(int change)
    {
        EventLoop loop;
        int pauses;
        lock (_lock)
        {
            state.OpenConnections = (uint)(state.OpenConnections + change);
            _version++;
            if (_isPausing || _send is null)
            {
                return;
            }

            _isPausing = true;
            (loop, pauses) = (_loop!, _pauses);
        }

        FlushAndPause(loop, pauses);
    }

    // One after another: where the stream takes nothing, there is nothing to be said again.
    private void FlushAndPause(EventLoop loop, int pauses)
    {
        Task flushing = FlushAsync();
        if (flushing.IsCompleted)
        {
            BeginPause(loop, pauses);
        }
        else
        {
            _ = PauseLaterAsync(flushing, loop, pauses);
        }
    }

    private async Task PauseLaterAsync(Task flushing, EventLoop loop, int pauses)
    {
        await flushing.ConfigureAwait(false);
        BeginPause(loop, pauses);
    }

    // On the loop, not on a thread of the pool: at the end of its turn it is sent together with the answers.
    private void BeginPause(EventLoop loop, int pauses)
    {
        if (loop.IsCurrent)
        {
            loop.After(Pause, () => EndPause(pauses));
        }
        else
        {
            loop.Post(_ => loop.After(Pause, () => EndPause(pauses)), null);
        }
    }

    private void EndPause(int pauses)
    {
        EventLoop loop;
        lock (_lock)
        {
            if (pauses != _pauses)
            {
                return;
            }

            loop = _loop!;
            _isPausing = _told != _version && _send is not null;
            if (!_isPausing)
            {
                return;
            }
        }

        FlushAndPause(loop, pauses);
    }

    // Never faults. One at a time takes what there is to say and sends it, so that what is said last is the newest.
    private async Task FlushAsync()
    {
        await _sending.WaitAsync().ConfigureAwait(false);
        try
        {
            Func<TargetUpdate, Task>? send;
            TargetUpdate update;
            lock (_lock)
            {
                send = _send;
                if (send is null || _told == _version)
                {
                    return;
                }

                _told = _version;
                update = state.Clone();
            }

            await send(update).ConfigureAwait(false);
        }
        catch (FlowerException)
        {
            // The stream has ended. The next one begins with what holds then.
        }
        finally
        {
            _sending.Release();
        }
    }
}
