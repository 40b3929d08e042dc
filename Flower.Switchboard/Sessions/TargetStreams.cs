// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Server;

namespace Flower.Switchboard.Sessions;

/// <summary>The stream of a server.</summary>
internal sealed class ServerStream(ICreditedStream<ServerStartResponse> writer) : ITargetStream
{
    public bool CanOffer => writer.CanWrite;

    public Task StartedAsync(IReadOnlyList<Label> labels) =>
        writer.WriteAsync(new ServerStartResponse { Started = new TargetStarted { Labels = { labels } } });

    public Task OfferAsync(
        ulong id, EncodedLabels labels, SafeHandle? socket, string? traceParent, CancellationToken cancellationToken) =>
        writer.WriteAsync(Message(id, labels, socket, traceParent), cancellationToken);

    public void Offer(ulong id, EncodedLabels labels, SafeHandle? socket, string? traceParent) =>
        writer.Write(Message(id, labels, socket, traceParent));

    public Task DeliverAsync(ulong id, SafeHandle socket) => writer.WriteAsync(new ServerStartResponse
    {
        Delivery = new Delivery { ConnectionId = id, Socket = FileDescriptor.Adopt(socket) },
    });

    public Task WithdrawAsync(ulong id) =>
        writer.WriteAsync(new ServerStartResponse { Withdrawal = new Withdrawal { ConnectionId = id } });

    private static ServerStartResponse Message(
        ulong id, EncodedLabels labels, SafeHandle? socket, string? traceParent)
    {
        var offer = new Offer { ConnectionId = id, EncodedLabels = labels, TraceParent = traceParent ?? "" };
        if (socket is not null)
        {
            offer.Socket = FileDescriptor.Adopt(socket);
        }

        return new() { Offer = offer };
    }
}

/// <summary>The stream of an egress, which is never sent a socket.</summary>
internal sealed class EgressStream(ICreditedStream<EgressStartResponse> writer) : ITargetStream
{
    public bool CanOffer => writer.CanWrite;

    public Task StartedAsync(IReadOnlyList<Label> labels) =>
        writer.WriteAsync(new EgressStartResponse { Started = new TargetStarted { Labels = { labels } } });

    public Task OfferAsync(
        ulong id, EncodedLabels labels, SafeHandle? socket, string? traceParent, CancellationToken cancellationToken) =>
        writer.WriteAsync(Message(id, labels, traceParent), cancellationToken);

    public void Offer(ulong id, EncodedLabels labels, SafeHandle? socket, string? traceParent) =>
        writer.Write(Message(id, labels, traceParent));

    public Task DeliverAsync(ulong id, SafeHandle socket)
    {
        socket.Dispose();
        return Task.CompletedTask;
    }

    public Task WithdrawAsync(ulong id) =>
        writer.WriteAsync(new EgressStartResponse { Withdrawal = new Withdrawal { ConnectionId = id } });

    private static EgressStartResponse Message(ulong id, EncodedLabels labels, string? traceParent) => new()
    {
        Offer = new Offer { ConnectionId = id, EncodedLabels = labels, TraceParent = traceParent ?? "" },
    };
}
