// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Server;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Sessions;

/// <summary>Takes back what a handle gave. On the loop, within one turn: nothing can happen halfway.</summary>
internal sealed class Revocation(Board board, ILogger logger, Caller caller)
{
    private readonly HandleScope _scope = new(caller.Node);

    /// <summary>Takes back what is asked for.</summary>
    /// <exception cref="RpcException">There is no such thing in the caller's scope, or it must not go.</exception>
    public RevokeResponse Run(RevokeRequest request) => request.WhatCase switch
    {
        RevokeRequest.WhatOneofCase.HandleId => TakeHandle(request.HandleId),
        RevokeRequest.WhatOneofCase.ConnectionId => TakeConnection(request.ConnectionId),
        _ => throw Refusal.Invalid("a Revoke says what to revoke: a handle or a connection", []),
    };

    private RevokeResponse TakeHandle(ulong id)
    {
        if (board.Handles.Find(id) is not HandleNode handle || !_scope.Covers(handle))
        {
            throw Refusal.NoSuch($"no handle {id} that you may revoke: see flower handles");
        }

        if (ReferenceEquals(handle, caller.Node))
        {
            throw Refusal.OwnHandle(id);
        }

        // Marks all, then ends all: nobody among them can make a handle, a session or a target while others still end.
        IReadOnlyList<HandleNode> revoked = handle.Revoke();
        var response = new RevokeResponse { Handles = (uint)revoked.Count };
        foreach (RevocableConnection connection in board.Connections.All.Items
            .Where(c => handle.Handle.IsAncestorOrSelf(c.Client.Handle) || handle.Handle.IsAncestorOrSelf(c.Target.Handle))
            .ToArray())
        {
            response.Connections += connection.IsMade ? 1u : 0u;
            connection.ShutDown();
        }

        foreach (Target target in revoked.SelectMany(node => node.Targets).ToArray())
        {
            response.Targets++;
            board.Unregister(target, "its handle was revoked");
        }

        foreach (ISession session in revoked.SelectMany(node => node.Sessions).ToArray())
        {
            response.Sessions++;
            session.Stop(StatusCode.PermissionDenied, Refusal.HandleRevoked);
        }

        board.Events.Revoked(handle, caller.Credentials, response);
        BoardLog.HandleRevoked(
            logger, id, caller.Credentials.Pid, caller.Credentials.Uid,
            Plural.Of(response.Handles, "handle"), Plural.Of(response.Sessions, "session"),
            Plural.Of(response.Targets, "target"), Plural.Of(response.Connections, "connection"));
        return response;
    }

    private RevokeResponse TakeConnection(ulong id)
    {
        if (board.Connections.All.Find(id) is not RevocableConnection connection || !_scope.Covers(connection))
        {
            throw Refusal.NoSuch($"no revocable connection {id} that you may revoke: see flower handles");
        }

        connection.ShutDown();
        board.Events.Revoked(connection, caller.Credentials);
        BoardLog.ConnectionRevoked(logger, id, caller.Credentials.Pid, caller.Credentials.Uid);
        return new RevokeResponse { Connections = 1 };
    }
}
