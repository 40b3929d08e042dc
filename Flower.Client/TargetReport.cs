// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

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
    private Func<TargetUpdate, Task>? _send;
    private long _version;
    private long _told;
    private bool _isPausing;

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
            _told = _version;
            return state.Clone();
        }
    }

    /// <summary>It is registered.</summary>
    /// <param name="send">Sends an update on the stream; faults when that has ended.</param>
    /// <param name="again">The switchboard has forgotten how many connections there are.</param>
    public void Resume(Func<TargetUpdate, Task> send, bool again = false)
    {
        lock (_lock)
        {
            _send = send;
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
        lock (_lock)
        {
            state.OpenConnections = (uint)(state.OpenConnections + change);
            _version++;
            if (_isPausing)
            {
                return;
            }

            _isPausing = true;
        }

        _ = FlushAndPauseAsync();
    }

    private async Task FlushAndPauseAsync()
    {
        while (true)
        {
            await FlushAsync().ConfigureAwait(false);
            await Task.Delay(Pause).ConfigureAwait(false);
            lock (_lock)
            {
                if (_told == _version || _send is null)
                {
                    _isPausing = false;
                    return;
                }
            }
        }
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
