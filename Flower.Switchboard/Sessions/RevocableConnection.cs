// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// A connection that can be shut down, and the duplicate of one of its ends with which that is done. On the loop. It lets
/// go of the duplicate, without touching the connection, when both directions have ended, or the process has that has the
/// same end: since the duplicate keeps that end open, its other side would see no end of the stream.
/// </summary>
internal sealed class RevocableConnection
{
    // Descriptors that are kept for sessions, and for connections that are not held.
    private const int Reserve = 128;

    private readonly RevocableConnections _all;
    private readonly CancellationTokenSource _revoked = new();
    private readonly Descriptor _process;
    private Descriptor? _socket;
    private EventLoop.Watch? _socketWatch;
    private EventLoop.Watch? _processWatch;
    private bool _ended;

    /// <summary>Takes over the descriptor of the process that has, or will have, the end that is held.</summary>
    internal RevocableConnection(
        RevocableConnections all,
        ulong id,
        (HandleNode Handle, Credentials Process) client,
        (HandleNode Handle, Credentials Process) target,
        Descriptor process,
        long since)
    {
        _all = all;
        _process = process;
        Id = id;
        (Client, ClientProcess) = client;
        (Target, TargetProcess) = target;
        Since = since;
        Revoked = _revoked.Token;
    }

    public ulong Id { get; }

    /// <summary>The handle over which it was requested; maybe not live any more.</summary>
    public HandleNode Client { get; }

    /// <summary>The handle over which its target was registered; maybe not live any more.</summary>
    public HandleNode Target { get; }

    public Credentials ClientProcess { get; }

    public Credentials TargetProcess { get; }

    /// <summary>Since when, in milliseconds of the monotonic clock.</summary>
    public long Since { get; }

    /// <summary>Cancelled when it was revoked before it was made.</summary>
    public CancellationToken Revoked { get; }

    /// <summary>It has taken one of the last descriptors, which others may need more.</summary>
    public bool IsNearLimit => DescriptorLimit.IsNear(_process, Reserve);

    /// <summary>Both sides have it.</summary>
    public bool IsMade { get; private set; }

    /// <summary>Holds a duplicate of the socket, which stays its owner's.</summary>
    /// <exception cref="Rpc.FlowerSocketException">EMFILE.</exception>
    public void Hold(SafeHandle socket)
    {
        _socket = Descriptor.Duplicate(socket);
        _socket.ClosesElsewhere = true;
    }

    /// <summary>Both sides have it: from here on it is watched.</summary>
    public void Complete()
    {
        // Hang-up is told without being asked for; what is so already is told once. An error that is queued, such as the
        // notice of a zero-copy send, would otherwise be told again and again.
        _socketWatch = _all.Loop.Add(_socket!, Readiness.Edge, ready =>
        {
            if ((ready & Readiness.HangUp) != 0)
            {
                LetGo();
            }
        });
        _processWatch = _all.Loop.Add(_process, Readiness.Read, _ => LetGo());
        IsMade = true;
    }

    /// <summary>Ends both directions, for whoever has a copy of either end, and lets go.</summary>
    public void ShutDown()
    {
        _socketWatch?.Dispose();
        _socketWatch = null;
        _socket?.DisposeEnded();
        _socket = null;
        _revoked.Cancel();
        LetGo();
    }

    /// <summary>Leaves the connection to those who have it. Idempotent.</summary>
    public void LetGo()
    {
        if (_ended)
        {
            return;
        }

        _ended = true;
        _all.Remove(this);
        _socketWatch?.Dispose();
        _processWatch?.Dispose();
        _socket?.Dispose();
        _socket = null;
        _process.Dispose();
        _revoked.Dispose();
    }

    /// <summary>What it holds, as another process can go on with it.</summary>
    public State.HeldState Save(Rpc.State.DescriptorTable descriptors) => new()
    {
        Socket = _socket is null ? 0 : descriptors.Add(_socket),
        Process = descriptors.Add(_process),
    };

    /// <summary>Takes over a socket that another process held.</summary>
    internal void Restore(Descriptor? socket) => _socket = socket;
}
