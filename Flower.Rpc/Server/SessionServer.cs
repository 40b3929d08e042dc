// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flower.Rpc.Server;

/// <summary>
/// Serves bound gRPC services to sessions: those accepted on listening sockets, those made by <see cref="Serve"/>, and
/// those that peers open. Lives on one <see cref="EventLoop"/>; every handler runs on its thread. Owns its sessions.
/// </summary>
public sealed partial class SessionServer : IDisposable
{
    // A limit that is reached is said once in a while, not at each try.
    private const int QuietMs = 10_000;

    // Descriptors that are kept for the calls of open sessions.
    private const int Reserve = 64;

    private static readonly TimeSpan AcceptRetry = TimeSpan.FromMilliseconds(100);

    private readonly HashSet<ServerSession> _sessions = [];

    // Those that have ended, of whose descriptors some are on their way.
    private readonly HashSet<ServerSession> _unread = [];
    private readonly List<EventLoop.Watch> _listeners = [];
    private readonly int _maxSessions;
    private long _quietUntil;
    private long _quietCrowdUntil;
    private bool _disposed;

    /// <summary>A server without sockets.</summary>
    /// <param name="loop">The thread of every call.</param>
    /// <param name="logger">Told of the sessions that end for a reason.</param>
    /// <param name="maxSessions">The most sessions at a time; default 16,384.</param>
    public SessionServer(EventLoop loop, ILogger logger, int maxSessions = 16384)
    {
        Loop = loop;
        Logger = logger;
        Lines = new LogRate(logger);
        _maxSessions = maxSessions;
    }

    /// <summary>What it answers. Filled before it listens.</summary>
    public MethodTable Methods { get; } = new();

    /// <summary>How many sessions are open.</summary>
    public int SessionCount => _sessions.Count;

    /// <summary>Where sessions are kept that must outlive a crash; null: none are.</summary>
    public ISessionStore? Store { get; set; }

    /// <summary>How many lines of the log its peers may cause.</summary>
    public LogRate Lines { get; }

    /// <summary>The place of the call that came last.</summary>
    internal ulong LastCall { get; set; }

    internal EventLoop Loop { get; }

    internal ILogger Logger { get; }

    /// <summary>Serves what is accepted on a socket, which stays its owner's and must live longer. On the loop.</summary>
    /// <param name="listener">From <see cref="UnixSocket.ListenPackets"/>.</param>
    /// <param name="authority">Makes the authority of each accepted session, whose socket it is shown.</param>
    public void Listen(Descriptor listener, Func<Descriptor, ISessionAuthority> authority)
    {
        ArgumentNullException.ThrowIfNull(listener);
        EventLoop.Watch? watch = null;
        watch = Loop.Add(listener, _paused ? Readiness.None : Readiness.Read, _ => Accept(listener, watch!, authority));
        _listeners.Add(watch);
    }

    /// <summary>
    /// Serves one end of a packet pair, which the server now owns, with the given authority. On the loop. The other end
    /// may be shared by any number of processes, each of which opens a session of its own through it.
    /// </summary>
    public void Serve(Descriptor socket, ISessionAuthority authority)
    {
        ArgumentNullException.ThrowIfNull(socket);
        UnixSocket.PassPidFd(socket, true);
        Begin(socket, authority, isShared: true).Keep();
    }

    /// <summary>The same for a session of whoever speaks first on the other end, who has it alone.</summary>
    internal void ServeOne(Descriptor socket, ISessionAuthority authority)
    {
        UnixSocket.PassPidFd(socket, true);
        Begin(socket, authority, isShared: false);
    }

    /// <summary>Ends every session and accepts no more. Paused sessions are not told. On the loop.</summary>
    public void Dispose()
    {
        _disposed = true;
        foreach (EventLoop.Watch listener in _listeners)
        {
            listener.Dispose();
        }

        _listeners.Clear();
        foreach (ServerSession session in _sessions.ToArray())
        {
            session.Stop(StatusCode.Unavailable, "the switchboard is stopping");
        }

        foreach (ServerSession session in _unread.ToArray())
        {
            session.Leave();
        }
    }

    /// <summary>It has ended, and says when it is <see cref="Left"/>.</summary>
    internal void Remove(ServerSession session)
    {
        _sessions.Remove(session);
        _unread.Add(session);
    }

    /// <summary>Nothing counts for it any more.</summary>
    internal void Left(ServerSession session)
    {
        _unread.Remove(session);
        session.Authority.Leave(session);
    }

    /// <summary>Says that the kernel takes no more descriptors from this user until some of them are read.</summary>
    internal void SayCrowded()
    {
        if (Environment.TickCount64 >= _quietCrowdUntil)
        {
            RpcLog.Crowded(Logger);
            _quietCrowdUntil = Environment.TickCount64 + QuietMs;
        }
    }

    private ServerSession Begin(Descriptor socket, ISessionAuthority authority, bool isShared)
    {
        var session = new ServerSession(this, socket, authority, isShared, _paused);
        if (Admit(session, out string? said) is Status refusal)
        {
            session.TurnAway(refusal, said);
        }

        return session;
    }

    // Null, or why not, and what there is to be said in the log, if nobody has said it.
    private Status? Admit(ServerSession session, out string? said)
    {
        _sessions.Add(session);
        Status? refusal = session.Authority.Admit(session);
        said = null;
        if (_disposed)
        {
            refusal = new(StatusCode.Unavailable, said = "the switchboard is stopping");
        }
        else if (_sessions.Count + _unread.Count > _maxSessions)
        {
            refusal = new(StatusCode.ResourceExhausted, said = $"the switchboard has {_maxSessions} sessions, its limit");
        }

        return refusal;
    }

    private void Accept(Descriptor listener, EventLoop.Watch watch, Func<Descriptor, ISessionAuthority> authority)
    {
        // One a turn: the listener may be a blocking socket that systemd made, and it stays readable while there are more.
        if (UnixSocket.TryAccept(listener, out int errno) is Descriptor socket)
        {
            // Sessions that are open come first: theirs are the descriptors that are left.
            if (DescriptorLimit.IsNear(socket, Reserve))
            {
                Rest($"only {Reserve} descriptors are left: raise the limit (LimitNOFILE, ulimit -n)", watch);
            }

            Begin(socket, authority(socket), isShared: false);
        }
        else if (errno is Errno.MFile or Errno.NFile or Errno.NoMem or Errno.NoBufs)
        {
            Rest(Marshal.GetPInvokeErrorMessage(errno), watch);
        }
    }

    // At a limit the listener rests, because it would stay readable.
    private void Rest(string why, EventLoop.Watch watch)
    {
        if (Environment.TickCount64 >= _quietUntil)
        {
            RpcLog.AcceptFailed(Logger, why);
            _quietUntil = Environment.TickCount64 + QuietMs;
        }

        watch.Change(Readiness.None);
        Loop.After(AcceptRetry, () =>
        {
            if (!_disposed && !_paused)
            {
                watch.Change(Readiness.Read);
            }
        });
    }
}
