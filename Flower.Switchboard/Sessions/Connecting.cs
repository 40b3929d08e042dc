// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Server;
using Flower.Rpc.State;
using Flower.Switchboard.State;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// One connect that has its target: the offer, what the client will be told, and its end of the pair until it is told.
/// On the loop. Another process can go on with it.
/// </summary>
internal sealed class Connecting
{
    private readonly PendingOffer _offer;
    private readonly IReadOnlyList<Label>? _forTarget;
    private SafeHandle? _clientEnd;

    private Connecting(
        PendingOffer offer, IReadOnlyList<Label> forClient, IReadOnlyList<Label>? forTarget, SafeHandle? clientEnd)
    {
        _offer = offer;
        ForClient = forClient;
        _forTarget = forTarget;
        _clientEnd = clientEnd;
    }

    public Target Target => _offer.Target;

    /// <summary>The labels that the client is told.</summary>
    public IReadOnlyList<Label> ForClient { get; }

    /// <summary>Begins a connect.</summary>
    /// <param name="board">Numbers it.</param>
    /// <param name="wish">Who wants to be connected.</param>
    /// <param name="target">To whom.</param>
    /// <param name="targetEnd">The socket for the target, which is taken; null: it brings one.</param>
    /// <param name="clientEnd">The client's end, which is taken; null: it has one, or the target brings it.</param>
    public static Connecting Begin(
        Board board, Request wish, Target target, SafeHandle? targetEnd, SafeHandle? clientEnd)
    {
        (IReadOnlyList<Label> forClient, IReadOnlyList<Label> forTarget) = board.Join(wish, target);
        return new(target.Prepare(targetEnd), forClient, forTarget, clientEnd);
    }

    /// <summary>Goes on with a connect that another process began.</summary>
    /// <exception cref="RpcException">UNAVAILABLE: its target has gone.</exception>
    public static Connecting Resume(Board board, CallCheckpoint checkpoint)
    {
        ConnectState state = ConnectState.Parser.ParseFrom(checkpoint.State);
        SafeHandle? clientEnd = checkpoint.Descriptors.Take(state.ClientEnd);
        if (board.FindRegistered(state.Registration)?.FindOffer(state.Offer) is PendingOffer offer)
        {
            return new(offer, state.Labels, forTarget: null, clientEnd);
        }

        clientEnd?.Dispose();
        throw Refusal.NotTaken(new OfferOutcome.Gone(), board.AcceptDeadlines.Limit);
    }

    /// <summary>Saves where it is.</summary>
    public ByteString Save(DescriptorTable descriptors) => new ConnectState
    {
        Registration = Target.Registration,
        Offer = _offer.Id,
        ClientEnd = _clientEnd is null ? 0 : descriptors.Add(_clientEnd),
        Labels = { ForClient },
    }.ToByteString();

    /// <summary>Waits for the target.</summary>
    /// <returns>The client's socket, which the caller now owns; null for one that has its own.</returns>
    /// <exception cref="RpcException">The target did not take it.</exception>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public async Task<SafeHandle?> FinishAsync(Board board, CancellationToken client)
    {
        try
        {
            OfferOutcome outcome = await Target.OfferAsync(_offer, _forTarget, board.AcceptDeadlines, client);
            if (outcome is not OfferOutcome.Accepted accepted)
            {
                throw Refusal.NotTaken(outcome, board.AcceptDeadlines.Limit);
            }

            if (client.IsCancellationRequested)
            {
                accepted.Socket?.Dispose();
                throw new OperationCanceledException(client);
            }

            SafeHandle? socket = _clientEnd ?? accepted.Socket;
            _clientEnd = null;
            return socket;
        }
        finally
        {
            _clientEnd?.Dispose();
        }
    }
}
