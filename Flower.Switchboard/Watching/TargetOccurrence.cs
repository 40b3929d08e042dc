// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Switchboard.Sessions;
using Target = Flower.Switchboard.Sessions.Target;

namespace Flower.Switchboard.Watching;

/// <summary>A target came, changed or went.</summary>
internal sealed class TargetOccurrence(Event stamp, Target target, TargetChange change, string reason)
    : Occurrence(Tell(stamp, target, change, reason))
{
    /// <summary>The target's place in the order of registration.</summary>
    public long Registration { get; } = target.Registration;

    /// <inheritdoc/>
    public override bool IsVisibleTo(Viewer viewer) => viewer.MayList(target);

    /// <inheritdoc/>
    public override Event TellTo(Viewer viewer)
    {
        // Who stands behind a label is another one for each handle.
        Event told = Told.Clone();
        told.Target.Target.Labels.Clear();
        told.Target.Target.Labels.AddRange(Listing.LabelsOf(target, viewer.Caller.Handle));
        return told;
    }

    /// <summary>A target of a snapshot.</summary>
    public static TargetEvent List(Target target, Viewer viewer) => new()
    {
        Change = TargetChange.Listed,
        TargetId = (ulong)target.Registration,
        Target = Listing.Describe(target, viewer.Caller.Handle),
    };

    private static Event Tell(Event stamp, Target target, TargetChange change, string reason)
    {
        stamp.Target = new TargetEvent
        {
            Change = change,
            TargetId = (ulong)target.Registration,
            Target = Listing.Describe(target, Viewer.Nobody),
            Reason = reason,
        };
        return stamp;
    }
}
