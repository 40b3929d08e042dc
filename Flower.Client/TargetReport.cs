// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Transport;

namespace Flower.Client;

/// <summary>
/// What a target says of itself, from one stream to the next: what changes is sent, as it then is, and the whole is what it
/// registers with. A burst of changes is one message at its beginning and one at its end. Thread-safe.
/// </summary>
internal sealed class TargetReport
{
    // Between two messages about the number of connections: the switchboard counts what is accepted meanwhile by itself.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _sending = new(1, 1);
    private readonly Action _endPause;
    private EventLoop? _loop;
    private Func<TargetUpdate, Task>? _send;
    private long _version;
    private long _told;
    private readonly TargetUpdate _state;
    private bool _isPausing;

    /// <param name="state">What it says to begin with.</param>
    public TargetReport(TargetUpdate state)
    {
        _state = state;
        _endPause = EndPause;
    }

    public int Weight
    {
        get
        {
            lock (_lock)
            {
                return (int)_state.Weight;
            }
        }
    }

    public bool IsDraining
    {
        get
        {
            lock (_lock)
            {
                return _state.Draining;
            }
        }
    }

    public int OpenConnections
    {
        get
        {
            lock (_lock)
            {
                return (int)_state.OpenConnections;
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
            _told = _version;
            return _state.Clone();
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
            _version += again && _state.OpenConnections > 0 ? 1 : 0;
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
            _state.Weight = (uint?)weight ?? _state.Weight;
            _state.Draining = draining ?? _state.Draining;
            _version++;
        }

        return FlushAsync();
    }

    /// <summary>There are so many more connections, or fewer.</summary>
    public void Count(int change)
    {
        EventLoop? loop;
        lock (_lock)
        {
            _state.OpenConnections = (uint)(_state.OpenConnections + change);
            _version++;
            if (_isPausing || _send is null)
            {
                return;
            }

            _isPausing = true;
            loop = _loop!;
        }

        _ = FlushAsync();
        PauseOn(loop);
    }

    private void PauseOn(EventLoop loop)
    {
        if (loop.IsCurrent)
        {
            loop.After(Pause, _endPause);
        }
        else
        {
            loop.Post(_ => loop.After(Pause, _endPause), null);
        }
    }

    // On the loop, not on a thread of the pool: at the end of its turn it is sent together with the answers.
    private void EndPause()
    {
        EventLoop loop;
        lock (_lock)
        {
            loop = _loop!;
            _isPausing = _told != _version && _send is not null;
            if (!_isPausing)
            {
                return;
            }
        }

        _ = FlushAsync();
        PauseOn(loop);
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
                update = _state.Clone();
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
