// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Client;

/// <summary>A step of a connect.</summary>
public sealed class ConnectNotice : BoardEvent
{
    internal ConnectNotice(Event told)
        : base(told)
    {
        ConnectEvent connect = told.Connect;
        Step = connect.Step;
        RequestId = connect.RequestId;
        Client = ProcessInfo.From(connect.Client);
        IsIngress = connect.Ingress;
        Labels = new(connect.Labels?.Labels_ ?? []);
        RequiredKeys = [.. connect.Labels?.RequiredKeys ?? []];
        TargetId = connect.TargetId == 0 ? null : connect.TargetId;
        ConnectionId = connect.ConnectionId == 0 ? null : connect.ConnectionId;
        StatusCode = (StatusCode)connect.Code;
        Reason = connect.Reason;
        NearMisses = [.. connect.NearMisses.Select(miss => new TargetExplanation(miss))];
    }

    /// <summary>How far it has come.</summary>
    public ConnectStep Step { get; }

    /// <summary>The same for all steps of one connect, until the switchboard is replaced or crashes.</summary>
    public ulong RequestId { get; }

    /// <summary>Who asks.</summary>
    public ProcessInfo Client { get; }

    /// <summary>It is an ingress's; otherwise a client's.</summary>
    public bool IsIngress { get; }

    /// <summary>What it states; when it is accepted, the labels of the connection.</summary>
    public ConnectionLabels Labels { get; }

    /// <summary>The keys that it requires of the other side.</summary>
    public IReadOnlyList<string> RequiredKeys { get; }

    /// <summary>The target, if the step names one.</summary>
    public ulong? TargetId { get; }

    /// <summary>When it is matched or accepted: what both sides have as the label <c>flower.connection_id</c>.</summary>
    public ulong? ConnectionId { get; }

    /// <summary>When it is refused: how.</summary>
    public StatusCode StatusCode { get; }

    /// <summary>When it is refused: the words; when it has failed over: why; else empty.</summary>
    public string Reason { get; }

    /// <summary>When nothing matched: a few targets that are nearest to a match.</summary>
    public IReadOnlyList<TargetExplanation> NearMisses { get; }
}
