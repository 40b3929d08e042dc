// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Switchboard.State;

namespace Flower.Switchboard.Sessions.Live;

/// <summary>
/// What the board remembers of a connection that it makes or has made: some 150 bytes, and no descriptor. On the loop.
/// </summary>
internal sealed class ConnectionRecord
{
    private readonly LiveSide _client;
    private readonly LiveSide _target;

    private ConnectionRecord(ulong id, ConnectionKind kind, in LiveSide client, in LiveSide target, SocketIdentity socket)
    {
        Id = id;
        Kind = kind;
        _client = client;
        _target = target;
        Socket = socket;
    }

    public ulong Id { get; }

    public ConnectionKind Kind { get; }

    public ref readonly LiveSide Client => ref _client;

    public ref readonly LiveSide Target => ref _target;

    /// <summary>Of a pair the client's end, of what was pushed the pushed socket, and otherwise the egress's.</summary>
    public SocketIdentity Socket { get; private set; }

    /// <summary>Its place in the order in which they were made, from 1; 0: it is not made yet.</summary>
    public ulong Sequence { get; private set; }

    /// <summary>When it was made, in milliseconds of the monotonic clock.</summary>
    public long Since { get; private set; }

    /// <summary>One that is being made.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="wish">Who wants it.</param>
    /// <param name="target">Who is asked.</param>
    /// <param name="pushed">The socket that an ingress pushed, which the board will not have any more when the target has
    /// taken it; null: there is none.</param>
    public static ConnectionRecord Begin(ulong id, Request wish, Target target, SafeHandle? pushed) => new(
        id,
        pushed is not null ? ConnectionKind.Pushed
            : target.Kind == TargetKind.Egress ? ConnectionKind.EgressSocket
            : ConnectionKind.Pair,
        LiveSide.Of(wish.Caller, wish.Stated, wish.Attested),
        LiveSide.Of(target),
        pushed is null ? default : SocketIdentity.Of(pushed));

    /// <summary>One that another process began to make.</summary>
    public static ConnectionRecord Resume(NewConnectionState state, Caller caller, Target target) => new(
        state.Id, state.Kind, LiveSide.Of(caller, LiveConnectionStates.Read(state.Stated), caller.AsClient),
        LiveSide.Of(target), new(state.SocketCookie, state.NetworkCookie));

    /// <summary>One that another process has made.</summary>
    public static ConnectionRecord Restore(LiveConnectionState state, in LiveSide client, in LiveSide target) =>
        new(state.Id, state.Kind, client, target, new(state.SocketCookie, state.NetworkCookie))
        {
            Sequence = state.Sequence,
            Since = state.Since,
        };

    /// <summary>It has been made.</summary>
    /// <param name="sequence">Its place.</param>
    /// <param name="socket">The client's, which the board still has; null: it was pushed.</param>
    /// <param name="network">The network namespace of the pairs that the board makes.</param>
    public void Complete(ulong sequence, SafeHandle? socket, ulong network)
    {
        Sequence = sequence;
        Since = Environment.TickCount64;
        if (socket is not null)
        {
            Socket = Kind == ConnectionKind.Pair
                ? new(SocketIdentity.CookieOf(socket), network)
                : SocketIdentity.Of(socket);
        }
    }

    /// <summary>One that is being made, for another process.</summary>
    public NewConnectionState SaveNew() => new()
    {
        Id = Id,
        Stated = _client.Labels.ToMessage(),
        Kind = Kind,
        SocketCookie = Socket.Cookie,
        NetworkCookie = Socket.Network,
    };
}
