// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions.Explaining;
using Flower.Switchboard.Sessions.Resolving;
using Flower.Switchboard.Sessions.Tapping;
using Flower.Switchboard.State;
using Flower.Switchboard.Telemetry;
using Flower.Switchboard.Watching;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Sessions;

/// <summary>The calls of the handle door. On the loop. Holds no state: that is the board's.</summary>
internal sealed class SwitchboardService(Board board, ILogger logger) : Protocol.V1.Switchboard.SwitchboardBase
{
    // What a call costs that looks at the whole board, in connects: it is slower by far more on a large one.
    private const int LooksAtAll = 10;

    private readonly Action<Caller, SessionCallContext> _over = (caller, session) => End(board, caller, session);

    public override Task<ConstrainResponse> Constrain(ConstrainRequest request, ServerCallContext context) =>
        Guard(context, caller =>
        {
            RequireRate(caller);
            (Descriptor ours, Descriptor theirs) = MakePair();
            HandleNode narrower;
            try
            {
                narrower = board.Constrain(caller, request);
            }
            catch
            {
                ours.Dispose();
                theirs.Dispose();
                throw;
            }

            ((SessionCallContext)context).Server.Serve(ours, narrower);
            return Task.FromResult(new ConstrainResponse { Handle = FileDescriptor.Adopt(theirs) });
        });

    public override Task<ClientConnectResponse> ClientConnect(
        ClientConnectRequest request, ServerCallContext context) =>
        Guard(context, caller =>
        {
            SessionCallContext session = (SessionCallContext)context;
            ConnectTrace.Begin(session);
            int tries = MatchingTargets.CheckTries(request.Balance, request.MaxTries);
            Connecting[] begun = Resume(session, caller, Rights.ClientConnect);
            Request wish = Request.Create(
                caller, request.Labels, IsRelatedOnly(request.RelatedOnly, request.Wait, request.Balance), request.Revocable);
            wish = board.Events.Asked(session, wish);
            if (begun.Length == 0 && DirectConnect.Find(board, wish, request.Balance) is Target target)
            {
                (Descriptor? clientEnd, Descriptor? targetEnd) = Tries.MakePair(target);
                new DirectConnect(board, caller, session, ForClient, _over).Begin(wish, target, targetEnd, clientEnd);
                return NotYet<ClientConnectResponse>.Answer;
            }

            return ConnectAsync(caller, session, new(board, wish, request.Balance, tries, request.Wait), begun);
        });

    public override Task<IngressConnectResponse> IngressConnect(
        IngressConnectRequest request, ServerCallContext context) =>
        Guard(context, caller =>
        {
            SessionCallContext session = (SessionCallContext)context;
            SafeHandle? socket = request.Socket?.Handle;
            ConnectTrace.Begin(session);
            try
            {
                int tries = MatchingTargets.CheckTries(request.Balance, request.MaxTries);
                Connecting? begun = Resume(session, caller, Rights.IngressConnect) is [Connecting one, ..] ? one : null;
                if (begun is not null)
                {
                    // The try has it, or has sent it.
                    socket?.Dispose();
                    socket = null;
                }
                else if ((socket is null ? "none" : ConnectedSocket.WhatElse(socket)) is string what)
                {
                    throw Refusal.Invalid($"an ingress pushes a connected stream socket: this is {what}", []);
                }

                Request wish = Request.Create(
                    caller, request.Labels, IsRelatedOnly(request.RelatedOnly, request.Wait, request.Balance),
                    request.Revocable, ingress: true, request.Relay);
                wish = board.Events.Asked(session, wish);
                SafeHandle? pushed = socket;
                if (begun is null && DirectConnect.Find(board, wish, request.Balance) is { Kind: TargetKind.Server } target)
                {
                    socket = null;
                    new DirectConnect(board, caller, session, ForIngress, _over).Begin(wish, target, pushed, clientEnd: null);
                    return NotYet<IngressConnectResponse>.Answer;
                }

                var targets = new NamedTargets(board, wish, request.Balance, tries, request.Wait);
                socket = null;
                return PushAsync(caller, session, targets, begun, pushed, request.Socket);
            }
            finally
            {
                socket?.Dispose();
            }
        }, pushed: request.Socket?.Handle);

    public override Task ServerStart(
        IAsyncStreamReader<ServerStartRequest> requestStream,
        IServerStreamWriter<ServerStartResponse> responseStream,
        ServerCallContext context) =>
        StartAsync(
            context,
            TargetKind.Server,
            Rights.ServerStart,
            new ServerStream((ICreditedStream<ServerStartResponse>)responseStream),
            requestStream,
            static request => new(request.Start, request.Answer, request.Update));

    public override Task EgressStart(
        IAsyncStreamReader<EgressStartRequest> requestStream,
        IServerStreamWriter<EgressStartResponse> responseStream,
        ServerCallContext context) =>
        StartAsync(
            context,
            TargetKind.Egress,
            Rights.EgressStart,
            new EgressStream((ICreditedStream<EgressStartResponse>)responseStream),
            requestStream,
            static request => new(request.Start, request.Answer, request.Update));

    public override Task ResolverStart(
        IAsyncStreamReader<ResolverStartRequest> requestStream,
        IServerStreamWriter<ResolverStartResponse> responseStream,
        ServerCallContext context) =>
        Guard(
            context,
            async caller =>
            {
                var call = new ResolverCall(board, logger, caller, (SessionCallContext)context);
                await call.RunAsync(requestStream, new ResolverStream(responseStream));
                return true;
            },
            isShort: false);

    public override Task TapStart(
        IAsyncStreamReader<TapStartRequest> requestStream,
        IServerStreamWriter<TapStartResponse> responseStream,
        ServerCallContext context) =>
        Guard(
            context,
            async caller =>
            {
                await new TapCall(board, logger, caller, (SessionCallContext)context).RunAsync(requestStream, responseStream);
                return true;
            },
            isShort: false);

    public override Task List(
        ListRequest request, IServerStreamWriter<ListResponse> responseStream, ServerCallContext context) =>
        Guard(context, async caller =>
        {
            Require(caller, Rights.List);
            var cursor = new ListCursor();
            var session = (SessionCallContext)context;
            if (session.Resumed is CallCheckpoint checkpoint)
            {
                cursor.Next = ListState.Parser.ParseFrom(checkpoint.State).Next;
            }

            session.Checkpoint = _ => new ListState { Next = cursor.Next }.ToByteString();
            await Listing.RunAsync(
                board, caller, request.Labels, cursor, responseStream.WriteAsync, context.CancellationToken);
            return true;
        }, rate: LooksAtAll);

    public override Task Explain(
        ExplainRequest request, IServerStreamWriter<ExplainResponse> responseStream, ServerCallContext context) =>
        Guard(context, async caller =>
        {
            var session = (SessionCallContext)context;
            ExplainCursor cursor = ExplainCursor.Restore(session.Resumed);
            session.Checkpoint = _ => cursor.Save();
            await new ExplainCall(board, caller, request, cursor).RunAsync(
                responseStream.WriteAsync, context.CancellationToken);
            return true;
        }, rate: LooksAtAll);

    public override Task Handles(
        HandlesRequest request, IServerStreamWriter<HandlesResponse> responseStream, ServerCallContext context) =>
        Guard(context, async caller =>
        {
            await Walk.HandlesAsync(
                board, caller, BeginWalk(context), responseStream.WriteAsync, context.CancellationToken);
            return true;
        }, rate: LooksAtAll);

    public override Task Connections(
        ConnectionsRequest request, IServerStreamWriter<ConnectionsResponse> responseStream, ServerCallContext context) =>
        Guard(context, async caller =>
        {
            await Walk.ConnectionsAsync(
                board, caller, request, BeginWalk(context), responseStream.WriteAsync, context.CancellationToken);
            return true;
        }, rate: LooksAtAll);

    public override Task<RevokeResponse> Revoke(RevokeRequest request, ServerCallContext context) =>
        Guard(context, caller => Task.FromResult(board.Revoke(caller, request)));

    public override Task<UpdateTargetsResponse> UpdateTargets(UpdateTargetsRequest request, ServerCallContext context) =>
        Guard(context, caller => board.UpdateAsync(caller, request, context.CancellationToken), rate: LooksAtAll);

    public override Task Watch(
        WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context) =>
        Guard(context, async caller =>
        {
            // Without a checkpoint: another process begins with a snapshot, whatever was told here.
            await WatchCall.RunAsync(
                board, caller, request.Labels, ((SessionCallContext)context).IsRestored, responseStream.WriteAsync,
                context.CancellationToken);
            return true;
        }, rate: LooksAtAll);

    public override Task<StatsResponse> Stats(StatsRequest request, ServerCallContext context) =>
        Guard(context, caller => Task.FromResult(StatsCall.Run(board, caller)), rate: LooksAtAll);

    /// <summary>Checks a right.</summary>
    /// <exception cref="RpcException">PERMISSION_DENIED, naming it.</exception>
    internal static void Require(Caller caller, Rights right)
    {
        if ((caller.Handle.Rights & right) != right)
        {
            throw Refusal.LacksRights(right.ToMessage());
        }
    }

    /// <summary>Whether what has nothing in common with a request is no target of it.</summary>
    internal static bool IsRelatedOnly(bool relatedOnly, bool wait, Balance balance) =>
        relatedOnly || wait || balance != Balance.None;

    private static (Descriptor Ours, Descriptor Theirs) MakePair()
    {
        try
        {
            return UnixSocket.PacketPair();
        }
        catch (FlowerSocketException e)
        {
            throw Refusal.Exhausted($"the switchboard cannot make a session socket: {e.Name}");
        }
    }

    private static ClientConnectResponse ForClient(Connected connected) => new()
    {
        EncodedLabels = connected.ForClient,
        Socket = FileDescriptor.Adopt(connected.Socket!),
    };

    private static IngressConnectResponse ForIngress(Connected connected) => new()
    {
        EncodedLabels = connected.ForClient,
        Socket = connected.Socket is null ? null : FileDescriptor.Adopt(connected.Socket),
    };

    private static WalkCursor BeginWalk(ServerCallContext context)
    {
        var session = (SessionCallContext)context;
        var cursor = new WalkCursor
        {
            Last = session.Resumed is CallCheckpoint checkpoint
                ? WalkState.Parser.ParseFrom(checkpoint.State).Last
                : 0,
        };
        session.Checkpoint = _ => new WalkState { Last = cursor.Last }.ToByteString();
        return cursor;
    }

    private async Task<ClientConnectResponse> ConnectAsync(
        Caller caller, SessionCallContext session, NamedTargets targets, Connecting[] begun)
    {
        Connected connected = await new Tries(board, session, targets).ConnectAsync(begun).ConfigureAwait(false);
        board.Accepted(caller, session, connected);
        return ForClient(connected);
    }

    private async Task<IngressConnectResponse> PushAsync(
        Caller caller, SessionCallContext session, NamedTargets targets, Connecting? begun, SafeHandle? pushed,
        FileDescriptor? asked)
    {
        Connected connected = await new Tries(board, session, targets)
            .PushAsync(begun, pushed, asked).ConfigureAwait(false);
        board.Accepted(caller, session, connected);
        return ForIngress(connected);
    }

    private Task<bool> StartAsync<TRequest>(
        ServerCallContext context, TargetKind kind, Rights right, ITargetStream stream,
        IAsyncStreamReader<TRequest> requests, Func<TRequest, TargetMessage> read) =>
        Guard(
            context,
            caller => new TargetCall(board, caller, (SessionCallContext)context, kind)
                .RunAsync(right, stream, requests, read),
            isShort: false);

    // What another process had begun; nothing: the call may begin. What lost its target meanwhile has failed,
    // since nobody knows whether the target was sent something.
    private Connecting[] Resume(SessionCallContext call, Caller caller, Rights right)
    {
        if (call.Resumed is CallCheckpoint checkpoint)
        {
            ConnectState first = ConnectState.Parser.ParseFrom(checkpoint.State);
            Connecting[] begun = [.. first.Others.Prepend(first)
                .Select(state => Connecting.Resume(board, caller, state, checkpoint.Descriptors)).OfType<Connecting>()];
            return begun.Length > 0
                ? begun
                : throw Refusal.NotTaken(new OfferOutcome.Gone(), board.AcceptDeadlines.Limit);
        }

        if (!call.IsRestored)
        {
            Require(caller, right);
            RequireQuotas(caller);
        }

        return [];
    }

    // Who calls, and a line in the log for each refusal, as far as its user may cause more.
    private Task<T> Guard<T>(
        ServerCallContext context, Func<Caller, Task<T>> call, bool isShort = true, int rate = 0, SafeHandle? pushed = null)
    {
        var session = (SessionCallContext)context;
        if (session.SessionState is not Caller caller)
        {
            caller = new Caller((HandleNode)session.Authority, session.Credentials, session.Session);
            session.SessionState = caller;
        }

        using ConnectTrace.Scope scope = ConnectTrace.During(session);
        bool isCounted = false;
        Task<T> called;
        try
        {
            if (rate > 0 && !session.IsRestored)
            {
                RequireRate(caller, rate);
            }

            isCounted = isShort && Count(caller, session);
            called = call(caller);
        }
        catch (Exception e)
        {
            called = Task.FromException<T>(e);
        }

        if (called.IsCompletedSuccessfully)
        {
            EndUnlessLater(caller, session, isCounted);
            return called;
        }

        return GuardAsync(called, caller, session, isCounted, pushed);
    }

    private async Task<T> GuardAsync<T>(
        Task<T> called, Caller caller, SessionCallContext session, bool isCounted, SafeHandle? pushed)
    {
        try
        {
            return await called;
        }
        catch (OverQuotaException e)
        {
            // Perhaps the call has never begun, which would have taken it.
            pushed?.Dispose();
            ConnectTrace.Fail(session, e);
            // Whoever asks for too much asks more slowly from now on, and costs the others less: the log, too, has its own
            // line for that, once in a while.
            session.Session.Rest();
            board.Events.RefusedByQuota(session);
            throw;
        }
        catch (OperationCanceledException)
        {
            board.Events.GivenUp(board, session);
            throw;
        }
        catch (RpcException e)
        {
            ConnectTrace.Fail(session, e);
            board.Refused(caller, session, e);
            throw;
        }
        finally
        {
            EndUnlessLater(caller, session, isCounted);
        }
    }

    private void EndUnlessLater(Caller caller, SessionCallContext session, bool isCounted)
    {
        if (isCounted && !session.IsAnsweredLater)
        {
            End(board, caller, session);
        }
        else if (!isCounted)
        {
            ConnectTrace.End(session);
        }
    }

    // A call that was counted is over.
    private static void End(Board board, Caller caller, SessionCallContext session)
    {
        ConnectTrace.End(session);
        board.Events.Counters.Pending--;
        board.Handles.Quotas.Add(caller.Node, caller.Credentials.Uid, QuotaKind.PendingCalls, -1);
    }

    // What another process had begun is not refused.
    private bool Count(Caller caller, SessionCallContext session)
    {
        if (session.IsRestored)
        {
            board.Handles.Quotas.Add(caller.Node, caller.Credentials.Uid, QuotaKind.PendingCalls, 1);
        }
        else if (board.Handles.Quotas.TryAdd(caller.Node, caller.Credentials, QuotaKind.PendingCalls) is string exhausted)
        {
            throw Refusal.OverQuota(exhausted);
        }

        board.Events.Counters.Pending++;
        return true;
    }

    private void RequireQuotas(Caller caller)
    {
        RequireRate(caller);
        if (board.Handles.Quotas.Exhausted(caller.Node, caller.Credentials, QuotaKind.DescriptorsInFlight)
            is string exhausted)
        {
            throw Refusal.OverQuota(exhausted);
        }
    }

    private void RequireRate(Caller caller, int connects = 1)
    {
        if (board.Handles.Quotas.TryAdd(caller.Node, caller.Credentials, QuotaKind.ConnectsPerSecond, connects)
            is string exhausted)
        {
            throw Refusal.OverQuota(exhausted);
        }
    }

    // What a handler returns whose call is answered later: nobody looks at it.
    private static class NotYet<T>
        where T : class
    {
        public static Task<T> Answer { get; } = Task.FromResult<T>(null!);
    }
}
