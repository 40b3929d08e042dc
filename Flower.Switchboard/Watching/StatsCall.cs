// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Grpc.Core;

namespace Flower.Switchboard.Watching;

/// <summary>Figures about the switchboard. On the loop.</summary>
internal static class StatsCall
{
    private const int MaxQuotas = 32;

    /// <summary>What a caller is told.</summary>
    /// <exception cref="RpcException">PERMISSION_DENIED.</exception>
    public static StatsResponse Run(Board board, Caller caller)
    {
        SwitchboardService.Require(caller, Rights.List);
        BoardCounters counters = board.Events.Counters;
        BoardIdentity identity = board.Identity;
        var viewer = new Viewer(caller, null);
        long now = Environment.TickCount64;
        return new StatsResponse
        {
            Version = BoardIdentity.Version,
            UptimeMs = now - counters.StartedAt,
            Pid = Environment.ProcessId,
            HandleDoor = identity.HandleDoor,
            GrpcDoor = identity.GrpcDoor,
            Sessions = (uint)identity.Sessions(),
            Handles = (uint)board.Handles.Nodes.Count,
            Servers = (uint)counters.Servers,
            Activators = (uint)counters.Activators,
            Egresses = (uint)counters.Egresses,
            Resolvers = (uint)counters.Resolvers,
            PendingCalls = (uint)counters.Pending,
            WaitingRequests = (uint)board.WaitingCount,
            Watchers = (uint)board.Events.Watchers,
            RevocableConnections = (uint)board.Connections.All.Items.Count,
            ConnectsAsked = (ulong)counters.Asked,
            ConnectsAccepted = (ulong)counters.Accepted,
            ConnectsRefused = { counters.Refused },
            LastSecond = counters.Rates.Of(now, counters.StartedAt, 1),
            LastMinute = counters.Rates.Of(now, counters.StartedAt, 60),
            Quotas = { board.Handles.Quotas.NearLimits(board.Handles.Nodes, caller.Node, viewer.Covers).Take(MaxQuotas) },
            LastRefusals = { counters.LastRefusals.Of(viewer.Covers) },
            AuditMissed = (ulong)identity.AuditMissed(),
        };
    }
}
