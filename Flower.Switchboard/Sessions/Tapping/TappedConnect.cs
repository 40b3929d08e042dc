// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Flower.Switchboard.State;

namespace Flower.Switchboard.Sessions.Tapping;

/// <summary>
/// A connection that is being made and that is promised to a tap. On the loop. Owns the tap's sockets until they are given to
/// it; it has them when the target has accepted, so that a connect that fails looks like any other.
/// </summary>
internal sealed class TappedConnect
{
    private readonly ulong _tap;
    private readonly TappedConnection _told;
    private readonly bool _isPushed;
    private readonly Taps _taps;
    private SafeHandle? _clientSide;
    private SafeHandle? _targetSide;
    private bool _isOver;

    private TappedConnect(
        Taps taps, ulong tap, TappedConnection told, bool isPushed, SafeHandle? clientSide, SafeHandle? targetSide)
    {
        _taps = taps;
        _tap = tap;
        _told = told;
        _isPushed = isPushed;
        _clientSide = clientSide;
        _targetSide = targetSide;
    }

    /// <summary>Puts a tap between the two sides, if one wants the connection.</summary>
    /// <param name="board">Where they are.</param>
    /// <param name="id">The connection's.</param>
    /// <param name="wish">Who wants it; from here on with a label that it is tapped.</param>
    /// <param name="target">To whom.</param>
    /// <param name="targetEnd">The socket for the target; another one from here on; null: the target brings one.</param>
    /// <param name="clientEnd">The client's; another one, if the target brings its own.</param>
    /// <returns>Null: it is not tapped.</returns>
    public static TappedConnect? Begin(
        Board board, ulong id, ref Request wish, Target target, ref SafeHandle? targetEnd, ref SafeHandle? clientEnd)
    {
        Tap? tap = board.Taps.For(wish, target);
        if (tap is null || !tap.TryBegin())
        {
            return null;
        }

        (Descriptor One, Descriptor Other) pair;
        try
        {
            pair = UnixSocket.StreamPair();
            // The tap writes into them before both sides have theirs.
            pair.One.ClosesElsewhere = pair.Other.ClosesElsewhere = true;
        }
        catch (FlowerSocketException)
        {
            tap.GiveUp();
            tap.Miss();
            return null;
        }

        wish = wish.Tapped();
        bool isPushed = targetEnd is not null && clientEnd is null;
        var told = new TappedConnection
        {
            Id = id,
            Kind = isPushed ? ConnectionKind.Pushed
                : targetEnd is null ? ConnectionKind.EgressSocket
                : ConnectionKind.Pair,
            ClientLabels = { tap.LabelsOf(wish.Attested, wish.Party) },
            TargetLabels = { tap.LabelsOf(target.Attested, target.Party) },
            Client = Walk.Describe(wish.Caller.Credentials),
            Target = Walk.Describe(target.Caller.Credentials),
        };
        if (targetEnd is null)
        {
            clientEnd = pair.Other;
            return new(board.Taps, tap.Id, told, isPushed, pair.One, null);
        }

        // What was to be the target's leads to the client.
        SafeHandle clientSide = targetEnd;
        targetEnd = pair.Other;
        return new(board.Taps, tap.Id, told, isPushed, clientSide, pair.One);
    }

    /// <summary>Goes on with one that another process began; null: there is none.</summary>
    public static TappedConnect? Resume(Board board, TappingState? state, DescriptorTable descriptors)
    {
        if (state is null)
        {
            return null;
        }

        board.Taps.Find(state.Tap)?.Resume();
        return new(
            board.Taps, state.Tap, state.Connection, state.IsPushed, descriptors.Take(state.ClientSocket),
            descriptors.Take(state.TargetSocket));
    }

    /// <summary>Saves where it is.</summary>
    public TappingState Save(DescriptorTable descriptors) => new()
    {
        Tap = _tap,
        Connection = _told,
        ClientSocket = _clientSide is null ? 0 : descriptors.Add(_clientSide),
        TargetSocket = _targetSide is null ? 0 : descriptors.Add(_targetSide),
        IsPushed = _isPushed,
    };

    /// <summary>Gives the sockets to the tap. Takes the one that an egress has accepted with.</summary>
    /// <exception cref="Grpc.Core.RpcException">UNAVAILABLE: the tap has gone.</exception>
    public void Give(SafeHandle? targetSocket)
    {
        _targetSide ??= targetSocket;
        if (_taps.Find(_tap) is not Tap tap)
        {
            throw Refusal.TapGone();
        }

        _isOver = true;
        _told.ClientSocket = FileDescriptor.Adopt(_clientSide!);
        _told.TargetSocket = FileDescriptor.Adopt(_targetSide!);
        (_clientSide, _targetSide) = (null, null);
        tap.Give(_told);
    }

    /// <summary>
    /// The pushed socket, which the caller now owns; null: it is with the tap. It was sent to no target in any case.
    /// </summary>
    /// <param name="targetEnd">What the target was not sent, which is taken.</param>
    public SafeHandle? TakeBack(SafeHandle? targetEnd)
    {
        targetEnd?.Dispose();
        SafeHandle? pushed = _isPushed ? _clientSide : null;
        _clientSide = _isPushed ? null : _clientSide;
        return pushed;
    }

    /// <summary>The connection will not be made. Idempotent.</summary>
    /// <param name="keepsPushed">What was pushed is taken back later.</param>
    public void LetGo(bool keepsPushed)
    {
        if (_isOver)
        {
            return;
        }

        _isOver = true;
        _taps.Find(_tap)?.GiveUp();
        _targetSide?.Dispose();
        if (!(_isPushed && keepsPushed))
        {
            _clientSide?.Dispose();
            _clientSide = null;
        }
    }
}
