// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;

namespace Flower.Switchboard.Admin;

/// <summary>
/// The same service on the gRPC door: calls without descriptors are posted onto the loop, the others name the right
/// door. The caller is who the kernel says made the connection (SO_PEERCRED).
/// </summary>
internal sealed class GrpcDoorService(EventLoop loop) : Protocol.V1.Switchboard.SwitchboardBase
{
    /// <summary>Set before the door is opened.</summary>
    public Board? Board { get; set; }

    public override Task List(
        ListRequest request, IServerStreamWriter<ListResponse> responseStream, ServerCallContext context)
    {
        Credentials credentials = PeerOf(context);
        return loop.Invoke(() =>
        {
            Caller caller = CallerFor(credentials);
            SwitchboardService.Require(caller, Rights.List);
            return Board!.ListAsync(
                caller, request.Labels, new ListCursor(), responseStream.WriteAsync, context.CancellationToken);
        });
    }

    public override Task Handles(
        HandlesRequest request, IServerStreamWriter<HandlesResponse> responseStream, ServerCallContext context)
    {
        Credentials credentials = PeerOf(context);
        return loop.Invoke(() => Walk.HandlesAsync(
            Board!, CallerFor(credentials), new WalkCursor(), responseStream.WriteAsync, context.CancellationToken));
    }

    public override Task Connections(
        ConnectionsRequest request, IServerStreamWriter<ConnectionsResponse> responseStream, ServerCallContext context)
    {
        Credentials credentials = PeerOf(context);
        return loop.Invoke(() => Walk.ConnectionsAsync(
            Board!, CallerFor(credentials), new WalkCursor(), responseStream.WriteAsync, context.CancellationToken));
    }

    public override async Task<RevokeResponse> Revoke(RevokeRequest request, ServerCallContext context)
    {
        Credentials credentials = PeerOf(context);
        RevokeResponse? response = null;
        await loop.Invoke(() => { response = Board!.Revoke(CallerFor(credentials), request); });
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

    private Caller CallerFor(Credentials credentials) => new(Board!.CreatePublicHandle(credentials), credentials);

    private static Credentials PeerOf(ServerCallContext context)
    {
        Socket socket = context.GetHttpContext().Features.Get<IConnectionSocketFeature>()!.Socket;
        return StreamSocket.PeerOf(socket.SafeHandle)
            ?? throw new InvalidOperationException("the kernel does not say who made the connection");
    }
}
