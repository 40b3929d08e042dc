// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Switchboard.Sessions;

/// <summary>The stream of a server.</summary>
internal sealed class ServerStream(IServerStreamWriter<ServerStartResponse> writer) : ITargetStream
{
    public Task StartedAsync(IReadOnlyList<Label> labels) =>
        writer.WriteAsync(new ServerStartResponse { Started = new TargetStarted { Labels = { labels } } });

    public Task OfferAsync(
        ulong id, EncodedLabels labels, SafeHandle? socket, string? traceParent, CancellationToken cancellationToken)
    {
        var offer = new Offer { ConnectionId = id, EncodedLabels = labels, TraceParent = traceParent ?? "" };
        if (socket is not null)
        {
            offer.Socket = FileDescriptor.Adopt(socket);
        }

        return writer.WriteAsync(new ServerStartResponse { Offer = offer }, cancellationToken);
    }

    public Task DeliverAsync(ulong id, SafeHandle socket) => writer.WriteAsync(new ServerStartResponse
    {
        Delivery = new Delivery { ConnectionId = id, Socket = FileDescriptor.Adopt(socket) },
    });

    public Task WithdrawAsync(ulong id) =>
        writer.WriteAsync(new ServerStartResponse { Withdrawal = new Withdrawal { ConnectionId = id } });
}

/// <summary>The stream of an egress, which is never sent a socket.</summary>
internal sealed class EgressStream(IServerStreamWriter<EgressStartResponse> writer) : ITargetStream
{
    public Task StartedAsync(IReadOnlyList<Label> labels) =>
        writer.WriteAsync(new EgressStartResponse { Started = new TargetStarted { Labels = { labels } } });

    public Task OfferAsync(
        ulong id, EncodedLabels labels, SafeHandle? socket, string? traceParent, CancellationToken cancellationToken) =>
        writer.WriteAsync(
            new EgressStartResponse { Offer = new Offer { ConnectionId = id, EncodedLabels = labels, TraceParent = traceParent ?? "" } }, cancellationToken);

    public Task DeliverAsync(ulong id, SafeHandle socket)
    {
        socket.Dispose();
        return Task.CompletedTask;
    }

    public Task WithdrawAsync(ulong id) =>
        writer.WriteAsync(new EgressStartResponse { Withdrawal = new Withdrawal { ConnectionId = id } });
}
