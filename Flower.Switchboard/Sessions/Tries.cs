// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// One request, from target to target until one takes it. On the loop. A client's socket pair is made anew for each; a
/// pushed socket goes on to the next one only while it was sent to none. Another process goes on with the try that is
/// under way, and if that fails, begins again with the request.
/// </summary>
/// <remarks>
/// What waits for a target's answer waits without an object of its own (ValueTask, pooled), and without the context: the
/// answer comes on the loop, and all of them go on right there, in one go.
/// </remarks>
/// <param name="board">Where it happens.</param>
/// <param name="call">The client's call.</param>
/// <param name="targets">What is tried.</param>
internal sealed class Tries(Board board, SessionCallContext call, ITargetSource targets)
{
    private int _tried;
    private OfferOutcome? _last;
    private Target? _lastTried;
    private Candidate? _left;

    /// <summary>Connects a client.</summary>
    /// <param name="begun">What another process tried, all at once.</param>
    /// <exception cref="RpcException">None took it.</exception>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Connected> ConnectAsync(IReadOnlyList<Connecting> begun)
    {
        Connecting? connecting = begun.Count == 1 ? begun[0] : null;
        if (begun.Count > 1 && await RaceAsync(begun, null) is Connected first)
        {
            return first;
        }

        for (; ; connecting = null)
        {
            if (connecting is null)
            {
                Candidate next = await NextAsync().ConfigureAwait(false);
                if (next.Target.Kind == TargetKind.Egress && targets.MayRace)
                {
                    if (await RaceAsync([], next) is Connected winner)
                    {
                        return winner;
                    }

                    continue;
                }

                (Request wish, Target target) = next;
                (Descriptor? clientEnd, Descriptor? targetEnd) = MakePair(target);
                connecting = Connecting.Begin(
                    board, wish, target, targetEnd, clientEnd, traceParent: call.TraceParent);
            }

            if (await FinishAsync(connecting).ConfigureAwait(false) is Connected connected)
            {
                return connected;
            }

            if (!targets.GoesOn(_last!))
            {
                throw Failed();
            }

            board.Events.FailedOver(call, connecting.Target, _last!);
        }
    }

    /// <summary>Connects an ingress.</summary>
    /// <param name="begun">The try that another process began; null: there is none.</param>
    /// <param name="pushed">The socket, which is taken; null: it is with the try that was begun.</param>
    /// <param name="asked">Where the request has the socket, for the process that goes on while no try has it.</param>
    /// <exception cref="RpcException">None took it.</exception>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Connected> PushAsync(Connecting? begun, SafeHandle? pushed, FileDescriptor? asked)
    {
        try
        {
            for (Connecting? connecting = begun; ; connecting = null)
            {
                if (connecting is null)
                {
                    (Request wish, Target target) = await NextAsync().ConfigureAwait(false);
                    // To an egress the caller relays through its own copy.
                    SafeHandle? given = target.Kind == TargetKind.Server ? pushed : null;
                    pushed = given is null ? pushed : null;
                    connecting = Connecting.Begin(
                        board, wish, target, given, clientEnd: null, targets.TriesOthers, call.TraceParent);
                }

                if (await FinishAsync(connecting).ConfigureAwait(false) is Connected connected)
                {
                    return connected;
                }

                pushed ??= connecting.TakeBack();
                if (asked is not null && pushed is not null)
                {
                    asked.Handle = pushed;
                }

                if (pushed is null || !targets.GoesOn(_last!))
                {
                    throw Failed();
                }

                board.Events.FailedOver(call, connecting.Target, _last!);
            }
        }
        finally
        {
            pushed?.Dispose();
        }
    }

    /// <summary>A socket pair for a connection to a target; none: the target brings a socket.</summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: none can be made.</exception>
    public static (Descriptor? Client, Descriptor? Target) MakePair(Target target)
    {
        if (target.Kind != TargetKind.Server)
        {
            return (null, null);
        }

        try
        {
            (Descriptor Client, Descriptor Target) pair = UnixSocket.StreamPair();
            // The target writes into it before the client has it.
            pair.Client.ClosesElsewhere = true;
            return pair;
        }
        catch (FlowerSocketException e)
        {
            throw Refusal.Exhausted($"the switchboard cannot make a socket pair: {e.Name}");
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Candidate> NextAsync()
    {
        Candidate? next = _left;
        _left = null;
        next ??= await targets.NextAsync(call.CancellationToken) ?? throw Failed();
        if (_tried == 0)
        {
            board.Events.Found(call);
        }

        return next;
    }

    // Null: none took it, and what comes next is no egress, or what was begun was not all there is.
    private async Task<Connected?> RaceAsync(IReadOnlyList<Connecting> begun, Candidate? first)
    {
        var race = new Race(board, call, targets);
        if (await race.RunAsync(begun, first) is Connected connected)
        {
            return connected;
        }

        _tried += race.Tried;
        _last = race.Last;
        _lastTried = race.LastTried;
        _left = race.Left;
        return _left is null && first is not null ? throw Failed() : null;
    }

    // Null: the target did not take it.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Connected?> FinishAsync(Connecting connecting)
    {
        call.Checkpoint = descriptors => connecting.Save(descriptors).ToByteString();
        OfferOutcome outcome = await connecting.FinishAsync(board, call.CancellationToken).ConfigureAwait(false);
        if (outcome is OfferOutcome.Accepted accepted)
        {
            return new(connecting.Target, connecting.ForClient, accepted.Socket);
        }

        call.Checkpoint = null;
        _tried++;
        _last = outcome;
        _lastTried = connecting.Target;
        return null;
    }

    private RpcException Failed() => Refusal.NotTaken(_last!, board.AcceptDeadlines.Limit, _tried, _lastTried);
}
