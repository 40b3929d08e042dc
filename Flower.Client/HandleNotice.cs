// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>A handle was made or taken back, a tap over it began or ended, or a revocable connection was taken back.</summary>
public sealed class HandleNotice : BoardEvent
{
    internal HandleNotice(Event told)
        : base(told)
    {
        HandleChange change = told.Handle;
        Step = change.Step;
        HandleId = change.HandleId == 0 ? null : change.HandleId;
        ParentId = change.ParentId == 0 ? null : change.ParentId;
        ConnectionId = change.ConnectionId == 0 ? null : change.ConnectionId;
        Rights = [.. change.Rights];
        InLabels = LabelSet.FromMessage(change.InLabels);
        OutLabels = LabelSet.FromMessage(change.OutLabels);
        Process = ProcessInfo.From(change.Process);
        Ended = change.Ended is { } ended
            ? new((int)ended.Handles, (int)ended.Sessions, (int)ended.Targets, (int)ended.Connections)
            : null;
    }

    /// <summary>What has become of it.</summary>
    public HandleStep Step { get; }

    /// <summary>The handle; null: it is a connection.</summary>
    public ulong? HandleId { get; }

    /// <summary>What it was made from; null: it is that of a session by a path, or a connection.</summary>
    public ulong? ParentId { get; }

    /// <summary>The connection; null: it is a handle.</summary>
    public ulong? ConnectionId { get; }

    /// <summary>The rights of a handle that was made.</summary>
    public IReadOnlyList<Right> Rights { get; }

    /// <summary>All in-labels of a handle that was made.</summary>
    public LabelSet InLabels { get; }

    /// <summary>All out-labels of a handle that was made; of a tap, the labels of what is tapped.</summary>
    public LabelSet OutLabels { get; }

    /// <summary>Who made it, took it back, or taps.</summary>
    public ProcessInfo Process { get; }

    /// <summary>What has ended with it; null: nothing was taken back.</summary>
    public RevokeResult? Ended { get; }
}
