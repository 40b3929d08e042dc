// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Switchboard.State;

namespace Flower.Switchboard.Sessions.Live;

/// <summary>
/// What the board remembers of a connection that it makes or has made: some 100 bytes, with the values of a push some 200, and no
/// descriptor. On the loop. Filled anew for another connection when this one has ended, so that connects leave no garbage that is old.
/// </summary>
internal sealed class ConnectionRecord
{
    // But for these values it is the client's.
    private LiveSide _client = null!;
    private KeptValues _values;

    public ulong Id { get; private set; }

    public ConnectionKind Kind { get; private set; }

    /// <summary>The client's side. Maybe put together each time it is asked for.</summary>
    public LiveSide Client => _values.Count == 0 ? _client : _client.With(_values.ToArray());

    /// <summary>What the client's side keeps in memory, in characters of labels.</summary>
    public int Characters => _client.Characters + _values.Characters;

    public LiveSide Target { get; private set; } = null!;

    /// <summary>Of a pair the client's end, of what was pushed the pushed socket, and otherwise the egress's.</summary>
    public SocketIdentity Socket { get; private set; }

    /// <summary>Its place in the order in which they were made, from 1; 0: it is not made yet.</summary>
    public ulong Sequence { get; private set; }

    /// <summary>When it was made, in milliseconds of the monotonic clock.</summary>
    public long Since { get; private set; }

    /// <summary>One that another process began to make.</summary>
    public static ConnectionRecord Resume(NewConnectionState state, Caller caller, Target target) => new()
    {
        Id = state.Id,
        Kind = state.Kind,
        _client = LiveSide.Of(caller, LiveConnectionStates.Read(state.Stated), caller.AsClient),
        Target = target.Side,
        Socket = new(state.SocketCookie, state.NetworkCookie),
    };

    /// <summary>One that another process has made.</summary>
    public static ConnectionRecord Restore(LiveConnectionState state, LiveSide client, LiveSide target) => new()
    {
        Id = state.Id,
        Kind = state.Kind,
        _client = client,
        Target = target,
        Socket = new(state.SocketCookie, state.NetworkCookie),
        Sequence = state.Sequence,
        Since = state.Since,
    };

    /// <summary>It is of another one from now on, that is being made.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="wish">Who wants it.</param>
    /// <param name="target">Who is asked.</param>
    /// <param name="pushed">The socket that an ingress pushed, which the board will not have any more when the target has
    /// taken it; null: there is none.</param>
    public void Begin(ulong id, Request wish, Target target, SafeHandle? pushed)
    {
        Id = id;
        Kind = pushed is not null ? ConnectionKind.Pushed
            : target.Kind == TargetKind.Egress ? ConnectionKind.EgressSocket
            : ConnectionKind.Pair;
        (_client, KeyValuePair<string, string>[] values) = wish.Side;
        _values.Set(values);
        Target = target.Side;
        Socket = pushed is null ? default : SocketIdentity.Of(pushed);
        Sequence = 0;
        Since = 0;
    }

    /// <summary>It has ended: nothing of it is kept.</summary>
    public void Forget()
    {
        _client = null!;
        _values.Clear();
        Target = null!;
    }

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
        Stated = Client.Labels.ToMessage(),
        Kind = Kind,
        SocketCookie = Socket.Cookie,
        NetworkCookie = Socket.Network,
    };
}
