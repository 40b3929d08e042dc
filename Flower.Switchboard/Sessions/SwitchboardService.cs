// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Switchboard.Routing;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Sessions;

/// <summary>The calls of the handle door. On the loop. Holds no state: that is the board's.</summary>
internal sealed class SwitchboardService(Board board, ILogger logger) : Protocol.V1.Switchboard.SwitchboardBase
{
    private const string AddressFamily = "address_family";

    public override Task<ConstrainResponse> Constrain(ConstrainRequest request, ServerCallContext context) =>
        Guard(context, caller =>
        {
            HandleNode narrower = board.Constrain(caller, request);
            (Descriptor ours, Descriptor theirs) = UnixSocket.PacketPair();
            ((SessionCallContext)context).Server.Serve(ours, narrower);
            return Task.FromResult(new ConstrainResponse { Handle = FileDescriptor.Adopt(theirs) });
        });

    public override Task<ClientConnectResponse> ClientConnect(
        ClientConnectRequest request, ServerCallContext context) =>
        Guard(context, async caller =>
        {
            Require(caller, Rights.ClientConnect);
            Request wish = Request.Create(caller, request.Labels, request.RelatedOnly || request.Wait);
            Target target = await board.FindAsync(wish, request.Wait, context.CancellationToken);
            (IReadOnlyList<Label> forClient, IReadOnlyList<Label> forTarget) = board.Join(wish, target);
            Descriptor? clientEnd = null;
            Descriptor? targetEnd = null;
            if (target.Kind == TargetKind.Server)
            {
                (clientEnd, targetEnd) = MakePair();
            }

            SafeHandle? egressSocket;
            try
            {
                egressSocket = await OfferAsync(target, forTarget, targetEnd, context);
            }
            catch
            {
                clientEnd?.Dispose();
                throw;
            }

            BoardLog.Connected(logger, caller.Credentials.Pid, target.Own, target.Caller.Credentials.Pid);
            return new ClientConnectResponse
            {
                Labels = { forClient },
                Socket = FileDescriptor.Adopt(clientEnd ?? egressSocket!),
            };
        });

    public override Task<IngressConnectResponse> IngressConnect(
        IngressConnectRequest request, ServerCallContext context) =>
        Guard(context, async caller =>
        {
            SafeHandle? socket = request.Socket?.Handle;
            try
            {
                Require(caller, Rights.IngressConnect);
                if (socket is null || !UnixSocket.IsStreamSocket(socket))
                {
                    throw Refusal.Invalid("an ingress pushes a connected stream socket", []);
                }

                Request wish = Request.Create(
                    caller, request.Labels, request.RelatedOnly || request.Wait, ingress: true, request.Relay);
                Target target = await board.FindAsync(wish, request.Wait, context.CancellationToken);
                (IReadOnlyList<Label> forClient, IReadOnlyList<Label> forTarget) = board.Join(wish, target);
                SafeHandle? pushed = socket;
                socket = null;
                if (target.Kind == TargetKind.Egress)
                {
                    // The caller relays through its own copy.
                    pushed.Dispose();
                    pushed = null;
                }

                SafeHandle? egressSocket = await OfferAsync(target, forTarget, pushed, context);
                BoardLog.Connected(logger, caller.Credentials.Pid, target.Own, target.Caller.Credentials.Pid);
                return new IngressConnectResponse
                {
                    Labels = { forClient },
                    Socket = egressSocket is null ? null : FileDescriptor.Adopt(egressSocket),
                };
            }
            finally
            {
                socket?.Dispose();
            }
        });

    public override Task ServerStart(
        IAsyncStreamReader<ServerStartRequest> requestStream,
        IServerStreamWriter<ServerStartResponse> responseStream,
        ServerCallContext context) =>
        Guard(context, async caller =>
        {
            Require(caller, Rights.ServerStart);
            TargetStart start = await requestStream.MoveNext(CancellationToken.None)
                ? requestStream.Current.Start ?? throw NoStart(requestStream.Current.Answer)
                : throw NoStart(null);
            await ServeTargetAsync(
                TargetKind.Server,
                caller,
                start,
                new ServerStream(responseStream),
                async () => await requestStream.MoveNext(CancellationToken.None)
                    ? requestStream.Current.Answer ?? throw NoAnswer()
                    : null);
            return true;
        });

    public override Task EgressStart(
        IAsyncStreamReader<EgressStartRequest> requestStream,
        IServerStreamWriter<EgressStartResponse> responseStream,
        ServerCallContext context) =>
        Guard(context, async caller =>
        {
            Require(caller, Rights.EgressStart);
            TargetStart start = await requestStream.MoveNext(CancellationToken.None)
                ? requestStream.Current.Start ?? throw NoStart(requestStream.Current.Answer)
                : throw NoStart(null);
            await ServeTargetAsync(
                TargetKind.Egress,
                caller,
                start,
                new EgressStream(responseStream),
                async () => await requestStream.MoveNext(CancellationToken.None)
                    ? requestStream.Current.Answer ?? throw NoAnswer()
                    : null);
            return true;
        });

    public override Task ResolverStart(
        IAsyncStreamReader<ResolverStartRequest> requestStream,
        IServerStreamWriter<ResolverStartResponse> responseStream,
        ServerCallContext context) =>
        Guard<bool>(context, caller =>
        {
            Require(caller, Rights.ResolverStart);
            throw Refusal.Unimplemented("this version has no resolvers");
        });

    public override Task List(
        ListRequest request, IServerStreamWriter<ListResponse> responseStream, ServerCallContext context) =>
        Guard(context, async caller =>
        {
            Require(caller, Rights.List);
            await board.ListAsync(caller, request.Labels, responseStream.WriteAsync, context.CancellationToken);
            return true;
        });

    /// <summary>Checks a right.</summary>
    /// <exception cref="RpcException">PERMISSION_DENIED, naming it.</exception>
    internal static void Require(Caller caller, Rights right)
    {
        if ((caller.Handle.Rights & right) != right)
        {
            throw Refusal.LacksRights(right.ToMessage());
        }
    }

    private static RpcException NoStart(Answer? instead)
    {
        instead?.Accept?.Socket?.Handle?.Dispose();
        return Refusal.Invalid("the first message is not a start", []);
    }

    private static RpcException NoAnswer() => Refusal.Invalid("a message that is not an answer", []);

    private static (Descriptor Client, Descriptor Target) MakePair()
    {
        try
        {
            return UnixSocket.StreamPair();
        }
        catch (FlowerSocketException e)
        {
            throw Refusal.Exhausted($"the switchboard cannot make a socket pair: {e.Name}");
        }
    }

    // A target lives as long as its stream: whatever ends the stream, it is forgotten before anything else happens.
    private async Task ServeTargetAsync(
        TargetKind kind, Caller caller, TargetStart start, ITargetStream stream, Func<Task<Answer?>> next)
    {
        LabelSet own = Stating.InLabels(caller.Handle, Stating.Read(start.Labels));
        if (kind == TargetKind.Egress && !start.FixedDestination && !own.Requires(AddressFamily))
        {
            throw Refusal.Invalid(
                "an egress without a fixed destination requires address_family of its clients: add +address_family",
                [AddressFamily]);
        }

        var target = new Target(kind, caller, own, stream, start);
        board.Register(target);
        try
        {
            await stream.StartedAsync(Board.LabelsOf(target, caller));
            while (await next() is Answer answer)
            {
                if (target.OnAnswer(answer) is string wrong)
                {
                    throw Refusal.Invalid(wrong, []);
                }
            }
        }
        finally
        {
            board.Unregister(target);
        }
    }

    private async Task<SafeHandle?> OfferAsync(
        Target target, IReadOnlyList<Label> labels, SafeHandle? socket, ServerCallContext context)
    {
        OfferOutcome outcome = await target.OfferAsync(labels, socket, board.AcceptDeadlines, context.CancellationToken);
        if (outcome is not OfferOutcome.Accepted accepted)
        {
            throw Refusal.NotTaken(outcome, board.AcceptDeadlines.Limit);
        }

        if (context.CancellationToken.IsCancellationRequested)
        {
            accepted.Socket?.Dispose();
            throw new OperationCanceledException(context.CancellationToken);
        }

        return accepted.Socket;
    }

    // Who calls, and a line in the log for each refusal.
    private async Task<T> Guard<T>(ServerCallContext context, Func<Caller, Task<T>> call)
    {
        var session = (SessionCallContext)context;
        if (session.SessionState is not Caller caller)
        {
            caller = new Caller((HandleNode)session.Authority, session.Credentials);
            session.SessionState = caller;
        }

        try
        {
            return await call(caller);
        }
        catch (RpcException e)
        {
            BoardLog.Refused(
                logger, context.Method, caller.Credentials.Pid, caller.Credentials.Uid, e.StatusCode, e.Status.Detail);
            throw;
        }
    }
}
