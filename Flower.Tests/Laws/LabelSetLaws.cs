// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

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

    [FsCheck.NUnit.Property]
    public bool Like_AnyOther_IsThatOne(LabelSet before, LabelSet set) =>
        before.Like(set.ToMessage(), out KeyValuePair<string, string>[] changes) is not { } like
        || (like.Equals(set) && changes.SequenceEqual(set.Labels.Except(before.Labels)) && before.WithUnchecked(changes).Equals(set));

    [FsCheck.NUnit.Property]
    public bool Like_OneOtherValue_IsFound(string? text)
    {
        LabelSet before = LabelSet.Create(("a", "1"), ("b", "2"), ("c", "3"));
        var message = before.ToMessage();
        message.Labels_[1].Value = text ?? "";
        try
        {
            var read = LabelSet.FromMessage(message);
            return before.Like(message, out _) is { } like && like.Equals(read);
        }
        catch (LabelException e)
        {
            try
            {
                return before.Like(message, out _) is null;
            }
            catch (LabelException again)
            {
                return again.Message == e.Message;
            }
        }
    }

    [FsCheck.NUnit.Property]
    public bool EncodedWith_OtherValues_AsEncoded(LabelSet set, string? text, byte which)
    {
        if (set.Labels.IsEmpty)
        {
            return true;
        }

        string key = set.Labels[which % set.Labels.Length].Key;
        string value = (text ?? "").Replace('\uFFFD', '?');
        return Encode(set).With(key, value).ToLabels().Equals(Encode(set.WithUnchecked([new(key, value)])).ToLabels());
    }

    [FsCheck.NUnit.Property]
    public bool ChangesFrom_AnyOther_MakeItThatOneAsItIsEncoded(LabelSet before, LabelSet set)
    {
        _ = before.Encode();
        return set.ChangesFrom(before) is not { } changes
            || (before.WithUnchecked(changes) is var same && same.Equals(set)
                && Bytes(same.Encode()).SequenceEqual(Bytes(LabelSet.FromMessage(set.ToMessage()).Encode())));
    }

    private static byte[] Bytes(EncodedLabels labels)
    {
        byte[] bytes = new byte[labels.Size];
        labels.CopyTo(bytes);
        return bytes;
    }

    private static EncodedLabels Encode(LabelSet set) => EncodedLabels.Of(
        [.. set.Labels.Select(l => new Label { Key = l.Key, Value = l.Value, Source = Source.Claimed })], 2);
}
