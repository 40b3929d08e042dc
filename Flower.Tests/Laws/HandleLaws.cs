// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Switchboard.Routing;

namespace Flower.Tests.Laws;

/// <summary>Constrain only narrows.</summary>
[FsCheck.NUnit.Properties(Arbitrary = [typeof(Arbitraries)], MaxTest = 500, QuietOnSuccess = true)]
public sealed class HandleLaws
{
    [FsCheck.NUnit.Property]
    public bool Constrain_AnyChain_OnlyNarrows((int Rights, LabelSet In, LabelSet Out)[] steps)
    {
        Handle handle = Handle.CreateRoot(Rights.All, LabelSet.Empty, LabelSet.Empty);
        var chain = new List<Handle> { handle };
        foreach ((int rights, LabelSet inLabels, LabelSet outLabels) in steps)
        {
            if (handle.Constrain((ulong)chain.Count, (Rights)rights & Rights.All, inLabels, outLabels)
                is HandleResult.Narrower narrower)
            {
                handle = narrower.Handle;
                chain.Add(handle);
            }
        }

        return chain.TrueForAll(above => (handle.Rights & ~above.Rights) == 0
            && Includes(handle.InLabels, above.InLabels)
            && Includes(handle.OutLabels, above.OutLabels)
            && above.InLabels.Labels.All(
                l => above.PinnedBy(LabelSide.In, l.Key) == handle.PinnedBy(LabelSide.In, l.Key))
            && above.IsAncestorOrSelf(handle));
    }

    private static bool Includes(LabelSet larger, LabelSet smaller) =>
        smaller.Labels.All(l => larger[l.Key] == l.Value) && smaller.RequiredKeys.All(larger.Requires);
}
