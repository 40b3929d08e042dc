// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.State;

namespace Flower.Rpc.Server;

/// <content>How a session moves from one process to another. While it is paused, it neither reads nor sends.</content>
internal sealed partial class ServerSession
{
    private bool _paused;

    /// <summary>Goes on with a session of another process; paused, and its calls do not run yet.</summary>
    /// <exception cref="InvalidDataException">The state is not whole, or names what this program does not know.</exception>
    /// <exception cref="Transport.PacketException">A message in it is malformed.</exception>
    internal static ServerSession Restore(
        SessionServer server, SessionState state, DescriptorTable descriptors, ISessionAuthority authority)
    {
        Descriptor socket = descriptors.Take(state.Socket)
            ?? throw new InvalidDataException("a session without a socket");
        var session = new ServerSession(server, socket, authority, state.IsShared, paused: true);
        if (state.Owner is OwnerState owner)
        {
            session._owner = new Credentials { Pid = owner.Pid, Uid = owner.Uid, Gid = owner.Gid };
            session._pidFd = descriptors.Take(owner.PidFd);
        }

        if (state.Restarted && session._owner is not null)
        {
            session.ExpectAcknowledgement();
        }

        session._understandsRestarted = state.UnderstandsRestarted;
        session._awaitsAcknowledgement = state.Restarted;
        if (state.Stored != 0 && server.Store is ISessionStore store)
        {
            session._stored = state.Stored;
            store.AddAgain(state.Stored, authority, state.IsShared);
            session.KeepOwner();
        }

        if (session._pidFd is null)
        {
            UnixSocket.PassPidFd(socket, true);
        }

        foreach (PacketState packet in state.Unsent)
        {
            session._writer.AddUnsent(packet.Bytes.Span, [.. descriptors.TakeAll(packet.Descriptors) ?? []]);
        }

        return session;
    }

    /// <summary>Makes a call of another process anew; the caller runs it.</summary>
    /// <exception cref="InvalidDataException">This program has no such method.</exception>
    internal ServerCall RestoreCall(CallState state, DescriptorTable descriptors)
    {
        ServerCall call = Server.Methods.Create(this, state.CallId, state.Start)
            ?? throw new InvalidDataException($"a call of '{state.Start.Method}', which is not known here");
        _calls.Add(state.CallId, call);
        call.Restore(state, descriptors);
        call.WasAsked = true;
        return call;
    }

    /// <summary>Neither reads nor sends, until <see cref="Resume"/>. What is to be sent is kept.</summary>
    internal void Pause()
    {
        _paused = true;
        // Not merely without interest: a hang-up is told all the same, and would wake the loop again and again.
        _watch?.Dispose();
        _watch = null;
        _pidWatch?.Dispose();
        _pidWatch = null;
    }

    /// <summary>Goes on.</summary>
    internal void Resume()
    {
        if (_stopped || !_paused)
        {
            return;
        }

        _paused = false;
        Watch();
        Flush();
    }

    /// <summary>The session as another process can go on with it. Changes nothing; the descriptors are duplicates.</summary>
    internal SessionState Save(DescriptorTable descriptors)
    {
        var state = new SessionState
        {
            Socket = descriptors.Add(_socket),
            IsShared = _isShared,
            Stored = _stored,
            UnderstandsRestarted = _understandsRestarted,
            Restarted = _awaitsAcknowledgement,
            IsTold = true,
        };
        if (_owner is Credentials owner)
        {
            state.Owner = new OwnerState
            {
                Pid = owner.Pid,
                Uid = owner.Uid,
                Gid = owner.Gid,
                PidFd = _pidFd is null ? 0 : descriptors.Add(_pidFd),
            };
        }

        foreach ((ArraySegment<byte> bytes, System.Runtime.InteropServices.SafeHandle[] attached) in _writer.Unsent)
        {
            var packet = new PacketState { Bytes = Google.Protobuf.ByteString.CopyFrom(bytes) };
            packet.Descriptors.AddRange(attached.Select(descriptors.Add));
            state.Unsent.Add(packet);
        }

        state.Calls.AddRange(_calls.Values.Select(call => call.Save(descriptors)));
        return state;
    }

    private void Watch()
    {
        if (!_resting)
        {
            _watch = Loop.Add(_socket, Readiness.Read, OnReady);
        }

        if (_pidFd is not null && _pidWatch is null)
        {
            WatchOwner(_pidFd);
        }
    }

    // A forked child that holds the socket suppresses the end of the stream; the owner's end is the session's.
    private void WatchOwner(Descriptor pidFd) => _pidWatch = Loop.Add(pidFd, Readiness.Read, _ => Close(null));
}
