// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Flower.Protocol;
using Flower.Rpc;
using Flower.Rpc.State;
using Flower.Switchboard.Sessions.Live;
using Flower.Switchboard.Sessions.Tapping;
using Flower.Switchboard.State;
using Grpc.Core;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// One connect that has its target: the offer, what the client will be told, and its end of the pair until it is told.
/// On the loop. Another process can go on with it.
/// </summary>
internal sealed class Connecting
{
    private readonly PendingOffer _offer;
    private readonly EncodedLabels? _forTarget;
    private readonly RevocableConnection? _revocable;
    private readonly ConnectionRecord? _live;
    private readonly TappedConnect? _tapped;
    private SafeHandle? _clientEnd;

    private Connecting(
        PendingOffer offer,
        EncodedLabels forClient,
        EncodedLabels? forTarget,
        SafeHandle? clientEnd,
        RevocableConnection? revocable,
        ConnectionRecord? live,
        TappedConnect? tapped)
    {
        _offer = offer;
        _offer.Want();
        ForClient = forClient;
        _forTarget = forTarget;
        _clientEnd = clientEnd;
        _revocable = revocable;
        _live = live;
        _tapped = tapped;
    }

    public Target Target => _offer.Target;

    /// <summary>The labels that the client is told.</summary>
    public EncodedLabels ForClient { get; }

    /// <summary>Begins a connect.</summary>
    /// <param name="board">Numbers it.</param>
    /// <param name="wish">Who wants to be connected.</param>
    /// <param name="target">To whom.</param>
    /// <param name="targetEnd">The socket for the target, which is taken; null: it brings one.</param>
    /// <param name="clientEnd">The client's end, which is taken; null: it has one, or the target brings it.</param>
    /// <param name="unsent">The socket for the target is sent when it has accepted, whatever its credit.</param>
    /// <param name="traceParent">The trace that it is a part of; null: none.</param>
    /// <param name="waiter">Told of the answer, of what is neither revocable nor tapped: <see cref="Offer"/> follows. Null:
    /// <see cref="FinishAsync"/> does.</param>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: it cannot be held to be revoked.</exception>
    public static Connecting Begin(
        Board board, Request wish, Target target, SafeHandle? targetEnd, SafeHandle? clientEnd, bool unsent = false,
        string? traceParent = null, IOfferWaiter? waiter = null)
    {
        ulong id = ++board.LastConnectionId;
        SafeHandle? pushed = clientEnd is null ? targetEnd : null;
        TappedConnect? tapped = board.Taps.IsEmpty
            ? null
            : TappedConnect.Begin(board, id, ref wish, target, ref targetEnd, ref clientEnd);
        (EncodedLabels forClient, EncodedLabels forTarget) = wish.Join(target).With(id);
        board.Events.Matched(wish, target, id);
        ConnectionRecord live = board.Live.Begin(id, wish, target, pushed);
        RevocableConnection? revocable = null;
        if (wish.IsRevocable)
        {
            try
            {
                // Of a pair and of an egress's socket, the client's end is held; a pushed socket is the server's.
                Caller holder = clientEnd is null && targetEnd is not null ? target.Caller : wish.Caller;
                revocable = board.Connections.Begin(id, wish.Caller, target.Caller, holder, clientEnd ?? targetEnd);
            }
            catch
            {
                targetEnd?.Dispose();
                clientEnd?.Dispose();
                tapped?.LetGo(keepsPushed: false);
                throw;
            }
        }

        PendingOffer offer = target.Prepare(targetEnd, unsent, waiter);
        offer.TraceParent = traceParent;
        return new(offer, forClient, forTarget, clientEnd, revocable, live, tapped);
    }

    /// <summary>Goes on with a connect that another process began; null: its target has gone.</summary>
    public static Connecting? Resume(Board board, Caller caller, ConnectState state, DescriptorTable descriptors)
    {
        SafeHandle? clientEnd = descriptors.Take(state.ClientEnd);
        if (board.FindRegistered(state.Registration)?.FindOffer(state.Offer) is PendingOffer offer)
        {
            RevocableConnection? revocable = state.Revocable == 0 ? null : board.Connections.Resume(
                state.Revocable, caller, offer.Target.Caller, state.Held, descriptors);
            return new(
                offer, EncodedLabels.Of(state.Labels, JoinedLabels.ForClient), forTarget: null, clientEnd, revocable,
                state.Live is null ? null : ConnectionRecord.Resume(state.Live, caller, offer.Target),
                TappedConnect.Resume(board, state.Tapping, descriptors));
        }

        clientEnd?.Dispose();
        return null;
    }

    /// <summary>Saves where it is.</summary>
    public ConnectState Save(DescriptorTable descriptors) => new()
    {
        Registration = Target.Registration,
        Offer = _offer.Id,
        ClientEnd = _clientEnd is null ? 0 : descriptors.Add(_clientEnd),
        Labels = { ForClient.ToLabels() },
        Revocable = _revocable?.Id ?? 0,
        Held = _revocable?.Save(descriptors),
        Live = _live?.SaveNew(),
        Tapping = _tapped?.Save(descriptors),
    };

    /// <summary>Makes the offer, where the target can be offered one at once; its waiter is told of the answer.</summary>
    public void Offer() => Target.Offer(_offer, _forTarget!);

    /// <summary>The target has accepted what its waiter was told of: with the client's socket, which the caller now owns.
    /// </summary>
    public Connected Take(Board board, OfferOutcome.Accepted accepted)
    {
        SafeHandle? socket = _clientEnd ?? accepted.Socket;
        _clientEnd = null;
        board.Live.Add(_live, socket);
        return new(Target, ForClient, socket);
    }

    /// <summary>There will be no connection: closes what it would have been made of, but for what was sent.</summary>
    public void LetGo()
    {
        _offer.TakeBack()?.Dispose();
        _clientEnd?.Dispose();
        _clientEnd = null;
    }

    /// <summary>Nobody waits for the answer any longer: <see cref="LetGo"/>, and the offer is withdrawn.</summary>
    /// <param name="board">Where it happens.</param>
    /// <param name="missed">The target let the accept deadline pass.</param>
    public void GiveUp(Board board, bool missed)
    {
        Target.GiveUp(_offer, missed, board.AcceptDeadlines);
        LetGo();
    }

    /// <summary>Waits for the target. A pushed socket that it did not take can be taken back.</summary>
    /// <returns>If it has accepted, with the client's socket, which the caller now owns; null for one that has its
    /// own.</returns>
    /// <exception cref="RpcException">The connection was revoked, or cannot be held.</exception>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<OfferOutcome> FinishAsync(Board board, CancellationToken client)
    {
        bool isOver = false;
        bool isRefused = false;
        try
        {
            OfferOutcome outcome = _revocable is null
                ? await Target.OfferAsync(_offer, _forTarget, board.AcceptDeadlines, client).ConfigureAwait(false)
                : await OfferRevocableAsync(_revocable, board, client);
            isOver = true;
            if (outcome is not OfferOutcome.Accepted accepted)
            {
                isRefused = true;
                return outcome;
            }

            if (_tapped is not null)
            {
                // Of what an egress brings, too, the client has the end of a pair.
                _tapped.Give(accepted.Socket);
                accepted = accepted with { Socket = null };
            }

            SafeHandle? socket = _clientEnd ?? accepted.Socket;
            _clientEnd = null;
            Complete(socket, accepted, client);
            board.Live.Add(_live, socket);
            return accepted with { Socket = socket };
        }
        finally
        {
            if (_clientEnd is not null || !isOver)
            {
                // The other end of a pair, or of one who has gone.
                _offer.TakeBack()?.Dispose();
            }

            _clientEnd?.Dispose();
            _tapped?.LetGo(keepsPushed: isRefused);
            if (_revocable is { IsMade: false })
            {
                _revocable.LetGo();
            }
        }
    }

    /// <summary>
    /// After a target did not take it: the pushed socket, which the caller now owns; null: it was sent, or there is none, or
    /// it was shut down when the target's handle was revoked.
    /// </summary>
    public SafeHandle? TakeBack()
    {
        SafeHandle? held = _offer.TakeBack();
        if (_tapped is not null)
        {
            return _tapped.TakeBack(held);
        }

        if (_revocable is { Revoked.IsCancellationRequested: true })
        {
            held?.Dispose();
            return null;
        }

        return held;
    }

    // Revoked before the target answers, the offer is withdrawn as if the client had gone.
    private async Task<OfferOutcome> OfferRevocableAsync(
        RevocableConnection revocable, Board board, CancellationToken client)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(client, revocable.Revoked);
        try
        {
            return await Target.OfferAsync(_offer, _forTarget, board.AcceptDeadlines, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!client.IsCancellationRequested)
        {
            throw Refusal.Revoked(Refusal.ConnectionRevoked);
        }
    }

    // The answer and the end of the wish may have come together.
    private void Complete(SafeHandle? socket, OfferOutcome.Accepted accepted, CancellationToken client)
    {
        try
        {
            client.ThrowIfCancellationRequested();
            if (_revocable is null)
            {
                return;
            }

            if (_revocable.Revoked.IsCancellationRequested)
            {
                throw Refusal.Revoked(Refusal.ConnectionRevoked);
            }

            if (accepted.Socket is not null)
            {
                _revocable.Hold(accepted.Socket);
            }

            _revocable.Complete();
        }
        catch (Exception e)
        {
            socket?.Dispose();
            if (e is FlowerSocketException failure)
            {
                throw Refusal.CannotHold(failure);
            }

            throw;
        }
    }
}
