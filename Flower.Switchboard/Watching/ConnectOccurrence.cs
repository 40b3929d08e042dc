// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Target = Flower.Switchboard.Sessions.Target;

namespace Flower.Switchboard.Watching;

/// <summary>A step of a connect.</summary>
/// <param name="stamp">When it was; takes the rest.</param>
/// <param name="step">The step, without its labels and near misses.</param>
/// <param name="labels">What decides who is told.</param>
/// <param name="target">The target that it names; null: none.</param>
/// <param name="named">The targets that its reason names, or whose words it has; null: none.</param>
/// <param name="misses">The targets that are nearest to a match, and the request that they miss.</param>
internal sealed class ConnectOccurrence(
    Event stamp, ConnectEvent step, LabelSet labels, Target? target, IReadOnlyList<Target>? named, NearMisses misses)
    : Occurrence(Tell(stamp, step, labels, misses))
{
    /// <summary>The reason, for whoever may not list the targets whose it is.</summary>
    public const string Withheld = "the reason is that of a target which is not shown here";

    /// <inheritdoc/>
    public override bool IsVisibleTo(Viewer viewer) => viewer.Fits(labels) && (target is null || viewer.MayList(target));

    /// <inheritdoc/>
    public override Event TellTo(Viewer viewer)
    {
        bool isWithheld = named is not null && !named.All(viewer.MayList);
        if (misses.IsEmpty && !isWithheld)
        {
            return Told;
        }

        Event told = Told.Clone();
        told.Connect.Reason = isWithheld ? Withheld : told.Connect.Reason;
        told.Connect.NearMisses.Clear();
        told.Connect.NearMisses.AddRange(misses.Tell(viewer.MayList, viewer.Caller.Handle));
        return told;
    }

    private static Event Tell(Event stamp, ConnectEvent step, LabelSet labels, NearMisses misses)
    {
        step.Labels = labels.ToMessage();
        step.NearMisses.AddRange(misses.Tell(static _ => true, Viewer.Nobody));
        stamp.Connect = step;
        return stamp;
    }
}
