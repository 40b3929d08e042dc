// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Flower.Rpc.Transport;

namespace Flower.Rpc.Server;

/// <content>How all sessions move from one process to another without their peers noticing. On the loop.</content>
public sealed partial class SessionServer
{
    private bool _paused;

    /// <summary>
    /// Stops accepting, reading and sending, and completes when no handler has anything left to do but to wait. Then
    /// <see cref="Save"/> finds every call at a place where it can go on. Timers still run; what they do is not sent.
    /// </summary>
    public async Task PauseAsync()
    {
        _paused = true;
        foreach (EventLoop.Watch listener in _listeners)
        {
            listener.Change(Readiness.None);
        }

        foreach (ServerSession session in _sessions)
        {
            session.Pause();
        }

        while (!Loop.IsIdle)
        {
            await Task.Yield();
        }
    }

    /// <summary>Goes on after <see cref="PauseAsync"/> or <see cref="Restore"/>.</summary>
    public void Resume()
    {
        _paused = false;
        foreach (EventLoop.Watch listener in _listeners)
        {
            listener.Change(Readiness.Read);
        }

        foreach (ServerSession session in _sessions.ToArray())
        {
            session.Resume();
        }
    }

    /// <summary>All sessions, for another process. They must be paused. Changes nothing.</summary>
    /// <param name="descriptors">Gets duplicates of all descriptors.</param>
    /// <param name="authority">The number of an authority.</param>
    /// <exception cref="FlowerSocketException">EMFILE.</exception>
    public IEnumerable<SessionState> Save(DescriptorTable descriptors, Func<ISessionAuthority, ulong> authority)
    {
        ArgumentNullException.ThrowIfNull(authority);
        foreach (ServerSession session in _sessions)
        {
            SessionState state = session.Save(descriptors);
            state.Authority = authority(session.Authority);
            yield return state;
        }
    }

    /// <summary>
    /// Makes the sessions of another process anew, and runs their calls up to where they wait. They are paused until
    /// <see cref="Resume"/>. Nothing is refused because of limits: it was admitted before.
    /// </summary>
    /// <param name="states">What the other process saved.</param>
    /// <param name="descriptors">The descriptors that came with it.</param>
    /// <param name="authority">The authority with a number.</param>
    /// <param name="order">Calls run in this order, and else as they came: first those on which others depend.</param>
    /// <exception cref="InvalidDataException">The state is not whole, or names what this program does not know.</exception>
    public void Restore(
        IEnumerable<SessionState> states,
        DescriptorTable descriptors,
        Func<ulong, ISessionAuthority> authority,
        Func<CallState, ulong> order)
    {
        ArgumentNullException.ThrowIfNull(states);
        ArgumentNullException.ThrowIfNull(authority);
        _paused = true;
        var calls = new List<(ServerCall Call, ulong Order)>();
        try
        {
            foreach (SessionState state in states)
            {
                ISessionAuthority whose = authority(state.Authority);
                ServerSession session = ServerSession.Restore(this, state, descriptors, whose);
                _sessions.Add(session);
                _ = whose.Restore(session);
                calls.AddRange(state.Calls.Select(call => (session.RestoreCall(call, descriptors), order(call))));
                if (state.Restarted && !state.IsTold)
                {
                    session.AnnounceRestart();
                }
            }
        }
        catch (PacketException e)
        {
            throw new InvalidDataException($"the state has {e.Message}", e);
        }

        foreach ((ServerCall call, _) in calls.OrderBy(call => call.Order).ThenBy(call => call.Call.Sequence))
        {
            call.Run();
        }
    }
}
