// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Sessions;
using Grpc.Core;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Flower.Switchboard.Admin;

/// <summary>
/// Who may be connected to the gRPC door, and how many calls he may have there: a connection counts as a session, and each
/// call, of whatever service, as one that is pending. A connection is judged before a byte of it is read. What it counts is
/// on the loop; Kestrel calls it on any thread.
/// </summary>
internal sealed class GrpcAdmission(EventLoop loop, Board board, PublicDoor door)
{
    /// <summary>The connections of all users but root and the owner, who are not counted.</summary>
    public const int MaxConnections = 1024;

    /// <summary>Those of one of them.</summary>
    public const int MaxOfUser = MaxConnections / 4;

    // Who is refused asks more slowly, as on the handle door.
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(50);

    // How long who is turned away may take to hear why, and how many at once.
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);
    private const int MaxLingering = 64;

    private readonly Shares<uint> _open = new(MaxConnections, MaxOfUser);
    private int _lingering;

    /// <summary>Lets a connection in, or tells its peer why not.</summary>
    public async Task OnConnectionAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        SocketPeer? peer = SocketPeer.Of(connection.Features.Get<IConnectionSocketFeature>()!.Socket.SafeHandle);
        GrpcPeer? admitted = null;
        Status refusal = default;
        await loop.Invoke(() =>
        {
            try
            {
                admitted = Admit(peer);
            }
            catch (RpcException e)
            {
                refusal = e.Status;
            }
        });
        if (admitted is null)
        {
            await TurnAwayAsync(connection, refusal);
            return;
        }

        connection.Features.Set(admitted);
        try
        {
            await next(connection);
        }
        finally
        {
            loop.Post(_ => Leave(admitted), null);
        }
    }

    /// <summary>Lets a call go on, or answers it.</summary>
    public async Task OnCallAsync(HttpContext context, RequestDelegate next)
    {
        GrpcPeer peer = Of(context);
        string? exhausted = null;
        await loop.Invoke(() => exhausted = board.Handles.Quotas.TryAdd(
            peer.Node, peer.Peer.Credentials, QuotaKind.PendingCalls));
        if (exhausted is not null)
        {
            await Task.Delay(Rest, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Answer(context.Response, StatusCode.ResourceExhausted, exhausted);
            return;
        }

        try
        {
            await next(context);
        }
        finally
        {
            loop.Post(_ => board.Handles.Quotas.Add(
                peer.Node, peer.Peer.Credentials.Uid, QuotaKind.PendingCalls, -1), null);
        }
    }

    /// <summary>Who makes a call.</summary>
    public static GrpcPeer Of(HttpContext context) => context.Features.Get<GrpcPeer>()!;

    // "Trailers-Only" of gRPC's protocol over HTTP/2: the status stands in the head.
    private static void Answer(HttpResponse response, StatusCode code, string message)
    {
        response.ContentType = "application/grpc";
        response.Headers["grpc-status"] = ((int)code).ToString(System.Globalization.CultureInfo.InvariantCulture);
        response.Headers["grpc-message"] = Uri.EscapeDataString(message);
    }

    // Closed at once, the connection would break under what the client is writing, and he might not read why.
    private async Task TurnAwayAsync(ConnectionContext connection, Status refusal)
    {
        await connection.Transport.Output.WriteAsync(GoAway.Of(refusal));
        if (Interlocked.Increment(ref _lingering) <= MaxLingering)
        {
            await Task.Delay(Linger, connection.ConnectionClosed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        Interlocked.Decrement(ref _lingering);
    }

    private GrpcPeer Admit(SocketPeer? peer)
    {
        HandleNode node = door.Open(peer);
        Credentials who = node.Maker;
        QuotaTable quotas = board.Handles.Quotas;
        if (quotas.TryAdd(node, who, QuotaKind.ConnectsPerSecond) is string tooFast)
        {
            throw Refusal.OverQuota(tooFast);
        }

        if (quotas.Bounds(who.Uid) && _open.TryTake(who.Uid) is int limit)
        {
            throw Refusal.Exhausted(limit == MaxConnections
                ? $"{limit} connections are open to the gRPC door, its limit"
                : $"user {who.Uid} has {limit} connections to the gRPC door, the most that a user may have");
        }

        if (quotas.TryAdd(node, who, QuotaKind.Sessions) is string exhausted)
        {
            LeaveShare(who.Uid);
            throw Refusal.OverQuota(exhausted);
        }

        return new(peer!, node);
    }

    private void Leave(GrpcPeer peer)
    {
        uint uid = peer.Peer.Credentials.Uid;
        board.Handles.Quotas.Add(peer.Node, uid, QuotaKind.Sessions, -1);
        LeaveShare(uid);
    }

    private void LeaveShare(uint uid)
    {
        if (board.Handles.Quotas.Bounds(uid))
        {
            _open.Return(uid);
        }
    }
}
