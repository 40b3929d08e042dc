// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Server;
using Flower.Rpc.State;
using Flower.Switchboard.Telemetry;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// A connect that waits for the answer of the one target that it reaches, and for nothing else, as most do: without a task, so
/// that what the target answers is told to the client in the same step. All others go the way of <see cref="Tries"/>, and so
/// does this one in a process that takes over. On the loop.
/// </summary>
/// <param name="board">Where it happens.</param>
/// <param name="caller">Who asked.</param>
/// <param name="call">The client's call.</param>
/// <param name="respond">What the client is told of the connection.</param>
/// <param name="over">Told when it is over, before the client is told how it ended.</param>
internal sealed class DirectConnect(
    Board board,
    Caller caller,
    SessionCallContext call,
    Func<Connected, object> respond,
    Action<Caller, SessionCallContext> over)
    : IOfferWaiter, ILateAnswer
{
    private Connecting? _connecting;
    private IDisposable? _deadline;
    private bool _isAnswered;
    private bool _isOver;

    /// <summary>The target of a request, if its answer is all that there is to wait for; null: <see cref="Tries"/> finds out.
    /// </summary>
    public static Target? Find(Board board, Request wish, Balance balance) =>
        balance == Balance.None && !wish.IsRevocable && board.Taps.IsEmpty && board.IsNext
        && board.Find(wish).One is { Activation: null, CanBeOffered: true } target
        && board.Resolvers.Find(wish, []).Count == 0
            ? target
            : null;

    /// <summary>Asks the target. The call is answered later.</summary>
    /// <param name="wish">The request.</param>
    /// <param name="target">From <see cref="Find"/>.</param>
    /// <param name="targetEnd">The socket for the target, which is taken; null: it brings one.</param>
    /// <param name="clientEnd">The client's end, which is taken; null: it has one, or the target brings it.</param>
    public void Begin(Request wish, Target target, SafeHandle? targetEnd, SafeHandle? clientEnd)
    {
        board.Events.Found(call);
        _connecting = Connecting.Begin(
            board, wish, target, targetEnd, clientEnd, traceParent: call.TraceParent, waiter: this);
        try
        {
            _connecting.Offer();
            _deadline = board.AcceptDeadlines.Begin(static connect => ((DirectConnect)connect).OnSilent(), this);
        }
        catch
        {
            // Out of memory, say: the handler says how the call ends, and the target's answer is nobody's.
            _isOver = true;
            _connecting.GiveUp(board, missed: false);
            throw;
        }

        call.AnswerLater(this);
    }

    void IOfferWaiter.OnAnswered(OfferOutcome outcome)
    {
        if (_isOver || _connecting is null)
        {
            // It could not begin.
            return;
        }

        _isAnswered = true;
        _deadline?.Dispose();
        if (outcome is OfferOutcome.Gone)
        {
            // Once the target has been forgotten.
            board.Connections.Loop.Post(static state => ((DirectConnect)state!).End(new OfferOutcome.Gone()), this);
        }
        else
        {
            End(outcome);
        }
    }

    void ILateAnswer.OnEnded()
    {
        // Else it is just ending.
        if (!_isAnswered && !_isOver)
        {
            _connecting!.GiveUp(board, missed: false);
            OnGivenUp();
        }
    }

    ByteString ILateAnswer.Save(DescriptorTable descriptors) => _connecting!.Save(descriptors).ToByteString();

    private void OnSilent()
    {
        // Where the client has gone, that is all that the target is told.
        if (!call.HasEnded)
        {
            _connecting!.GiveUp(board, missed: true);
            End(new OfferOutcome.Silent());
        }
    }

    private void OnGivenUp()
    {
        board.Events.GivenUp(board, call);
        Close();
    }

    private void Close()
    {
        _isOver = true;
        _deadline?.Dispose();
        over(caller, call);
    }

    // Whatever goes wrong here is not the target's fault, within whose message this runs.
    private void End(OfferOutcome outcome)
    {
        using ConnectTrace.Scope scope = ConnectTrace.During(call);
        try
        {
            if (outcome is not OfferOutcome.Accepted accepted)
            {
                _connecting!.LetGo();
                Refuse(Refusal.NotTaken(outcome, board.AcceptDeadlines.Limit, tried: 1, _connecting.Target));
                return;
            }

            if (call.HasEnded)
            {
                // The answer and the end of the call have come together.
                accepted.Socket?.Dispose();
                _connecting!.LetGo();
                OnGivenUp();
                return;
            }

            Connected connected = _connecting!.Take(board, accepted);
            board.Accepted(caller, call, connected);
            Close();
            call.Answer(respond(connected));
        }
        catch (Exception e)
        {
            if (!_isOver)
            {
                Close();
            }

            call.Fail(e);
        }
    }

    private void Refuse(RpcException refusal)
    {
        ConnectTrace.Fail(call, refusal);
        board.Refused(caller, call, refusal);
        Close();
        call.Fail(refusal);
    }
}
