// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Routing;

/// <summary>A registration: a target and its place in the order of registration. The directory owns it.</summary>
internal sealed class Entry<T>(T target, long sequence, KeyGroup<T> group) : IComparable<Entry<T>>
    where T : class, ITarget
{
    public T Target { get; } = target;

    /// <summary>From 1, never used again.</summary>
    public long Sequence { get; } = sequence;

    public KeyGroup<T> Group { get; } = group;

    // Taken once, so that an index is always left by the door by which it was entered.
    public LabelSet Indexed { get; } = target.Indexed;

    public TargetKind Kind { get; } = target.Kind;

    public uint OwnerUid { get; } = target.OwnerUid;

    public int CompareTo(Entry<T>? other) => other is null ? 1 : Sequence.CompareTo(other.Sequence);
}
