// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.Sessions.Explaining;
using Flower.Switchboard.Watching;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;

namespace Flower.Switchboard.Admin;

/// <summary>
/// The same service on the gRPC door: calls without descriptors are posted onto the loop, the others name the right
/// door. The caller is who the kernel says made the connection (SO_PEERCRED).
/// </summary>
internal sealed class GrpcDoorService(EventLoop loop, Board board, PublicDoor door)
    : Protocol.V1.Switchboard.SwitchboardBase
{
    private static readonly TimeSpan EndIsKnown = TimeSpan.FromSeconds(1);

    public override Task List(
        ListRequest request, IServerStreamWriter<ListResponse> responseStream, ServerCallContext context) =>
        RunAsync(context, caller =>
        {
            SwitchboardService.Require(caller, Rights.List);
            return Listing.RunAsync(
                board, caller, request.Labels, new ListCursor(), To(responseStream, context), context.CancellationToken);
        });

    public override Task Explain(
        ExplainRequest request, IServerStreamWriter<ExplainResponse> responseStream, ServerCallContext context) =>
        RunAsync(context, caller => new ExplainCall(board, caller, request, new ExplainCursor()).RunAsync(
            To(responseStream, context), context.CancellationToken));

    public override Task Handles(
        HandlesRequest request, IServerStreamWriter<HandlesResponse> responseStream, ServerCallContext context) =>
        RunAsync(context, caller => Walk.HandlesAsync(
            board, caller, new WalkCursor(), To(responseStream, context), context.CancellationToken));

    public override Task Connections(
        ConnectionsRequest request, IServerStreamWriter<ConnectionsResponse> responseStream, ServerCallContext context) =>
        RunAsync(context, caller => Walk.ConnectionsAsync(
            board, caller, request, new WalkCursor(), To(responseStream, context), context.CancellationToken));

    public override Task Watch(
        WatchRequest request, IServerStreamWriter<WatchResponse> responseStream, ServerCallContext context) =>
        RunAsync(context, caller => WatchCall.RunAsync(
            board, caller, request.Labels, isResumed: false, To(responseStream, context), context.CancellationToken));

    public override async Task<StatsResponse> Stats(StatsRequest request, ServerCallContext context)
    {
        StatsResponse? response = null;
        await RunAsync(context, caller =>
        {
            response = StatsCall.Run(board, caller);
            return Task.CompletedTask;
        });
        return response!;
    }

    public override async Task<RevokeResponse> Revoke(RevokeRequest request, ServerCallContext context)
    {
        RevokeResponse? response = null;
        await RunAsync(context, caller =>
        {
            response = board.Revoke(caller, request);
            return Task.CompletedTask;
        });
        return response!;
    }

    public override async Task<UpdateTargetsResponse> UpdateTargets(
        UpdateTargetsRequest request, ServerCallContext context)
    {
        UpdateTargetsResponse? response = null;
        await RunAsync(
            context, async caller => response = await board.UpdateAsync(caller, request, context.CancellationToken));
        return response!;
    }

    public override Task<ConstrainResponse> Constrain(ConstrainRequest request, ServerCallContext context) =>
        throw Refusal.WrongDoor();

    public override Task<ClientConnectResponse> ClientConnect(
        ClientConnectRequest request, ServerCallContext context) => throw Refusal.WrongDoor();

    public override Task<IngressConnectResponse> IngressConnect(
        IngressConnectRequest request, ServerCallContext context) => throw Refusal.WrongDoor();

    public override Task ServerStart(
        IAsyncStreamReader<ServerStartRequest> requestStream,
        IServerStreamWriter<ServerStartResponse> responseStream,
        ServerCallContext context) => throw Refusal.WrongDoor();

    public override Task EgressStart(
        IAsyncStreamReader<EgressStartRequest> requestStream,
        IServerStreamWriter<EgressStartResponse> responseStream,
        ServerCallContext context) => throw Refusal.WrongDoor();

    public override Task ResolverStart(
        IAsyncStreamReader<ResolverStartRequest> requestStream,
        IServerStreamWriter<ResolverStartResponse> responseStream,
        ServerCallContext context) => throw Refusal.Unimplemented("this version has no resolvers");

    public override Task TapStart(
        IAsyncStreamReader<TapStartRequest> requestStream,
        IServerStreamWriter<TapStartResponse> responseStream,
        ServerCallContext context) => throw Refusal.WrongDoor();

    // A client that goes away has ended its call; that something was still to be written to it is no failure of the switchboard's.
    private static Func<T, Task> To<T>(IServerStreamWriter<T> stream, ServerCallContext context) => async message =>
    {
        try
        {
            await stream.WriteAsync(message);
        }
        catch (InvalidOperationException e)
        {
            // The writer may know it a moment before the call does.
            await Task.Delay(EndIsKnown, context.CancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            if (!context.CancellationToken.IsCancellationRequested)
            {
                throw;
            }

            throw new OperationCanceledException("the call has ended", e);
        }
    };

    private static SocketPeer? PeerOf(ServerCallContext context)
    {
        try
        {
            return SocketPeer.Of(context.GetHttpContext().Features.Get<IConnectionSocketFeature>()!.Socket.SafeHandle);
        }
        catch (ObjectDisposedException)
        {
            // Nor that it went away before its call began.
            throw new RpcException(new Grpc.Core.Status(StatusCode.Cancelled, "the call has ended"));
        }
    }

    // What is refused here is told as on the other door.
    private Task RunAsync(ServerCallContext context, Func<Caller, Task> call)
    {
        SocketPeer? peer = PeerOf(context);
        return loop.Invoke(async () =>
        {
            Caller caller = CallerFor(peer);
            try
            {
                await call(caller);
            }
            catch (RpcException e) when (e.StatusCode != StatusCode.Unavailable && !board.IsHandedOver)
            {
                // That the switchboard stops, or is replaced, is nobody's refusal.
                board.Events.Refused(caller, context.Method, e);
                throw;
            }
        });
    }

    // On the loop. This door is not paused with the sessions.
    private Caller CallerFor(SocketPeer? peer)
    {
        if (board.IsHandedOver)
        {
            throw Refusal.HandedOver();
        }

        HandleNode node = door.Open(peer);
        return new Caller(node, node.Maker);
    }
}
