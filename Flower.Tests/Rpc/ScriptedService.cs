// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Grpc.Core;
using Contract = Flower.Protocol.V1.Switchboard;

namespace Flower.Tests.Rpc;

/// <summary>The switchboard's contract, with whatever behaviour a test gives it.</summary>
internal sealed class ScriptedService : Contract.SwitchboardBase
{
    public Func<ClientConnectRequest, ServerCallContext, Task<ClientConnectResponse>> OnConnect { get; set; } =
        (_, _) => Task.FromResult(new ClientConnectResponse());

    public Func<IngressConnectRequest, ServerCallContext, Task<IngressConnectResponse>> OnIngress { get; set; } =
        (_, _) => Task.FromResult(new IngressConnectResponse());

    public Func<IServerStreamWriter<ListResponse>, ServerCallContext, Task> OnList { get; set; } =
        (_, _) => Task.CompletedTask;

    public Func<IAsyncStreamReader<ServerStartRequest>, IServerStreamWriter<ServerStartResponse>, ServerCallContext, Task>
        OnServer
    { get; set; } = (_, _, _) => Task.CompletedTask;

    public override Task<ClientConnectResponse> ClientConnect(ClientConnectRequest request, ServerCallContext context) =>
        OnConnect(request, context);

    public override Task<IngressConnectResponse> IngressConnect(
        IngressConnectRequest request, ServerCallContext context) => OnIngress(request, context);

    public override Task List(
        ListRequest request, IServerStreamWriter<ListResponse> responseStream, ServerCallContext context) =>
        OnList(responseStream, context);

    public override Task ServerStart(
        IAsyncStreamReader<ServerStartRequest> requestStream,
        IServerStreamWriter<ServerStartResponse> responseStream,
        ServerCallContext context) => OnServer(requestStream, responseStream, context);

    /// <summary>Waits until the call has ended, and says so.</summary>
    public static async Task Forever(ServerCallContext context, TaskCompletionSource ended)
    {
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using CancellationTokenRegistration registration = context.CancellationToken.Register(over.SetResult);
        await over.Task;
        ended.SetResult();
        throw new OperationCanceledException(context.CancellationToken);
    }
}
