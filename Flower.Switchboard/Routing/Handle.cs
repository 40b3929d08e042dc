// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;

namespace Flower.Switchboard.Routing;

/// <summary>
/// The authority to talk to the board: rights, in-labels and out-labels. Immutable. <see cref="Constrain"/> makes one
/// that has no more rights and no fewer labels; nothing makes one that is wider.
/// </summary>
internal sealed class Handle
{
    private static readonly ImmutableDictionary<string, Handle?> NoPins =
        ImmutableDictionary.Create<string, Handle?>(StringComparer.Ordinal);

    private readonly ImmutableDictionary<string, Handle?> _inPins;
    private readonly ImmutableDictionary<string, Handle?> _outPins;
    private readonly int _depth;

    // An ancestor further up, as in a skew-binary list: finding the ancestor at a depth takes logarithmic time, so
    // nobody makes a connection expensive by a long chain of Constrain.
    private readonly Handle _jump;

    private Handle(ulong id, Handle? parent, Rights rights, LabelSet inLabels, LabelSet outLabels)
    {
        Id = id;
        Parent = parent;
        Rights = rights;
        InLabels = inLabels;
        OutLabels = outLabels;
        _inPins = Pin(parent?._inPins ?? NoPins, inLabels, parent);
        _outPins = Pin(parent?._outPins ?? NoPins, outLabels, parent);
        _depth = parent is null ? 0 : parent._depth + 1;
        _jump = parent?.JumpOfChild() ?? this;
    }

    public ulong Id { get; }

    /// <summary>What it was made from; null for one that the configuration made.</summary>
    public Handle? Parent { get; }

    public Rights Rights { get; }

    /// <summary>Attached to what it registers.</summary>
    public LabelSet InLabels { get; }

    /// <summary>Attached to what it requests.</summary>
    public LabelSet OutLabels { get; }

    /// <summary>A handle of the configuration, which pins its labels.</summary>
    /// <exception cref="LabelException">The labels break a rule.</exception>
    public static Handle CreateRoot(Rights rights, LabelSet inLabels, LabelSet outLabels, ulong id = 0)
    {
        LabelRefusal? refusal = ReservedKeys.RefuseInLabels(inLabels) ?? ReservedKeys.RefuseOutLabels(outLabels);
        return refusal is null
            ? new Handle(id, null, rights, inLabels, outLabels)
            : throw new LabelException(refusal.Message, refusal.Keys);
    }

    /// <summary>A handle as another process had it.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="parent">What it was made from.</param>
    /// <param name="rights">Its rights.</param>
    /// <param name="inLabels">All its in-labels, its parent's among them.</param>
    /// <param name="outLabels">All its out-labels.</param>
    public static Handle Restore(ulong id, Handle? parent, Rights rights, LabelSet inLabels, LabelSet outLabels) =>
        new(id, parent, rights, inLabels, outLabels);

    /// <summary>Makes a narrower handle.</summary>
    public HandleResult Constrain(ulong id, Rights asked, LabelSet inLabels, LabelSet outLabels)
    {
        LabelRefusal? refusal = ReservedKeys.RefuseInLabels(inLabels) ?? ReservedKeys.RefuseOutLabels(outLabels);
        if (refusal is not null)
        {
            return new HandleResult.Reserved(refusal);
        }

        if ((asked & ~Rights) is var lacking and not Rights.None)
        {
            return new HandleResult.LacksRights(lacking.ToMessage());
        }

        LabelSet mergedIn = InLabels.Merge(inLabels, out IReadOnlyList<string> badIn);
        LabelSet mergedOut = OutLabels.Merge(outLabels, out IReadOnlyList<string> badOut);
        if (badIn.Count + badOut.Count > 0)
        {
            return new HandleResult.Contradicts(
                [.. badIn.Union(badOut, StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
        }

        try
        {
            mergedIn.CheckSize();
            mergedOut.CheckSize();
        }
        catch (LabelException e)
        {
            return new HandleResult.Invalid($"with the handle's own labels: {e.Message}", [.. e.Keys]);
        }

        return new HandleResult.Narrower(new Handle(id, this, asked, mergedIn, mergedOut));
    }

    /// <summary>Whether a label is the handle's own; a required key without a value is not.</summary>
    public bool IsPinned(LabelSide side, string key) => Pins(side).ContainsKey(key);

    /// <summary>The handle on which the Constrain was called that added a label; null if the configuration did, or nobody.</summary>
    public Handle? PinnedBy(LabelSide side, string key) => Pins(side).GetValueOrDefault(key);

    /// <summary>Whether this is <paramref name="of"/>, or it was made from this, directly or not.</summary>
    public bool IsAncestorOrSelf(Handle of)
    {
        while (of._depth > _depth)
        {
            of = of._jump._depth >= _depth ? of._jump : of.Parent!;
        }

        return ReferenceEquals(of, this);
    }

    private static ImmutableDictionary<string, Handle?> Pin(
        ImmutableDictionary<string, Handle?> pins, LabelSet labels, Handle? by) =>
        labels.Labels.Length == pins.Count
            ? pins
            : pins.AddRange(
                labels.Labels.Where(l => !pins.ContainsKey(l.Key)).Select(l => KeyValuePair.Create(l.Key, by)));

    private Handle JumpOfChild() =>
        _depth - _jump._depth == _jump._depth - _jump._jump._depth ? _jump._jump : this;

    private ImmutableDictionary<string, Handle?> Pins(LabelSide side) => side == LabelSide.In ? _inPins : _outPins;
}
