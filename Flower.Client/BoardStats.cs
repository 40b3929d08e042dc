// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Client;

/// <summary>
/// Figures about a switchboard, as <see cref="Handle.StatsAsync"/> tells them. What is counted is counted since its process
/// began, which is also when it took over from another one.
/// </summary>
public sealed class BoardStats
{
    internal BoardStats(StatsResponse stats)
    {
        Version = stats.Version;
        Uptime = TimeSpan.FromMilliseconds(stats.UptimeMs);
        ProcessId = stats.Pid;
        HandleDoor = stats.HandleDoor;
        GrpcDoor = stats.GrpcDoor;
        Sessions = (int)stats.Sessions;
        Handles = (int)stats.Handles;
        Servers = (int)stats.Servers;
        Activators = (int)stats.Activators;
        Egresses = (int)stats.Egresses;
        Resolvers = (int)stats.Resolvers;
        PendingCalls = (int)stats.PendingCalls;
        WaitingRequests = (int)stats.WaitingRequests;
        Watchers = (int)stats.Watchers;
        RevocableConnections = (int)stats.RevocableConnections;
        ConnectsAsked = (long)stats.ConnectsAsked;
        ConnectsAccepted = (long)stats.ConnectsAccepted;
        ConnectsRefused = stats.ConnectsRefused.ToDictionary(r => (StatusCode)r.Code, r => (long)r.Count);
        LastSecond = new(stats.LastSecond?.Accepted ?? 0, stats.LastSecond?.Refused ?? 0);
        LastMinute = new(stats.LastMinute?.Accepted ?? 0, stats.LastMinute?.Refused ?? 0);
        Quotas = [.. stats.Quotas.Select(q => new QuotaLevel(q.Quota, q.Budget, q.Used, q.Limit))];
        LastRefusals = [.. stats.LastRefusals.Select(r =>
            new RefusalNotice(new Event { TimeMs = r.TimeMs, Refused = r.Call ?? new() }))];
        AuditMissed = (long)stats.AuditMissed;
    }

    /// <summary>Of the program.</summary>
    public string Version { get; }

    /// <summary>Since when it runs.</summary>
    public TimeSpan Uptime { get; }

    /// <summary>Its process.</summary>
    public int ProcessId { get; }

    /// <summary>The path of the handle door.</summary>
    public string HandleDoor { get; }

    /// <summary>The path of the gRPC door.</summary>
    public string GrpcDoor { get; }

    /// <summary>Open sessions, and shared handles that are held.</summary>
    public int Sessions { get; }

    /// <summary>Live handles.</summary>
    public int Handles { get; }

    /// <summary>Registered servers, but for activators.</summary>
    public int Servers { get; }

    /// <summary>Registered activators.</summary>
    public int Activators { get; }

    /// <summary>Registered egresses.</summary>
    public int Egresses { get; }

    /// <summary>Registered resolvers.</summary>
    public int Resolvers { get; }

    /// <summary>Calls on the handle door without an answer; registrations are not counted.</summary>
    public int PendingCalls { get; }

    /// <summary>Requests that wait for a target.</summary>
    public int WaitingRequests { get; }

    /// <summary>Who watches the board, the audit log among them.</summary>
    public int Watchers { get; }

    /// <summary>Revocable connections that are open.</summary>
    public int RevocableConnections { get; }

    /// <summary>Connects that were asked for with good labels.</summary>
    public long ConnectsAsked { get; }

    /// <summary>Connections that were made.</summary>
    public long ConnectsAccepted { get; }

    /// <summary>Connects that were refused, by code.</summary>
    public IReadOnlyDictionary<StatusCode, long> ConnectsRefused { get; }

    /// <summary>Connects in the last whole second.</summary>
    public ConnectRate LastSecond { get; }

    /// <summary>Connects a second, on an average of the last 60.</summary>
    public ConnectRate LastMinute { get; }

    /// <summary>Quotas of which four fifths or more are used, of the handles that Handles shows and their users.</summary>
    public IReadOnlyList<QuotaLevel> Quotas { get; }

    /// <summary>The calls that were refused last, the latest first. They have a time, and no number.</summary>
    public IReadOnlyList<RefusalNotice> LastRefusals { get; }

    /// <summary>Events that the audit log has lost.</summary>
    public long AuditMissed { get; }
}
