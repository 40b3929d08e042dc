// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>A target is listed in a snapshot, or was added, changed, drained or removed.</summary>
public sealed class TargetNotice : BoardEvent
{
    internal TargetNotice(Event told)
        : base(told)
    {
        Change = told.Target.Change;
        TargetId = told.Target.TargetId;
        Target = TargetInfo.From(told.Target.Target ?? new());
        Reason = told.Target.Reason;
    }

    /// <summary>What has become of it.</summary>
    public TargetChange Change { get; }

    /// <summary>Never used again on the same board.</summary>
    public ulong TargetId { get; }

    /// <summary>The target, as <see cref="Handle.ListAsync"/> would have told it then.</summary>
    public TargetInfo Target { get; }

    /// <summary>Why it was removed; else empty.</summary>
    public string Reason { get; }
}
