// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Tests.Laws;

/// <summary>Laws of label sets.</summary>
[FsCheck.NUnit.Properties(Arbitrary = [typeof(Arbitraries)], MaxTest = 500, QuietOnSuccess = true)]
public sealed class LabelSetLaws
{
    [FsCheck.NUnit.Property]
    public bool Merge_NoContradiction_Commutes(LabelSet a, LabelSet b) =>
        a.ContradictionsWith(b).Count > 0 || a.Merge(b, out _).Equals(b.Merge(a, out _));

    [FsCheck.NUnit.Property]
    public bool Merge_Any_AssociatesAndKeepsTheFirst(LabelSet a, LabelSet b, LabelSet c) =>
        a.Merge(b, out _).Merge(c, out _).Equals(a.Merge(b.Merge(c, out _), out _))
        && a.Merge(b, out _).Labels.All(l => l.Value == (a[l.Key] ?? b[l.Key]));

    [FsCheck.NUnit.Property]
    public bool ContradictionsWith_Any_Symmetric(LabelSet a, LabelSet b) =>
        a.ContradictionsWith(b).SequenceEqual(b.ContradictionsWith(a));

    [FsCheck.NUnit.Property]
    public bool Print_Any_ReadsBackEqual(LabelSet set) =>
        LabelSet.ParseJson(set.ToJson()).Equals(set)
        && LabelSet.FromMessage(set.ToMessage()).Equals(set)
        && LabelSet.ParseWords(set.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries)).Equals(set);

    [FsCheck.NUnit.Property]
    public bool ToJson_AnyValue_ReadsBackEqual(string? text)
    {
        LabelSet set;
        try
        {
            set = LabelSet.Create(("k", text ?? ""));
        }
        catch (LabelException)
        {
            return true;
        }

        return LabelSet.ParseJson(set.ToJson()).Equals(set);
    }
}
