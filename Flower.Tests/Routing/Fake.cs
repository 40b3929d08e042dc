// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;

namespace Flower.Tests.Routing;

/// <summary>A target that is only its labels.</summary>
internal sealed class Fake(TargetKind kind, LabelSet own, uint uid = 0, string pid = "1", bool isFixed = false) : ITarget
{
    public TargetKind Kind { get; } = kind;

    public bool IsFixedDestination { get; } = kind == TargetKind.Egress && isFixed;

    public LabelSet Own { get; } = own;

    public LabelSet Indexed { get; } =
        own.Merge(LabelSet.Create((ReservedKeys.ServerUid, $"{uid}"), (ReservedKeys.ServerPid, pid)), out _);

    public uint OwnerUid { get; } = uid;

    public uint Weight { get; set; } = 100;

    public bool IsDraining { get; set; }

    public bool IsSuspect { get; set; }

    public long Load { get; set; }

    public static Fake Server(params string[] words) => new(TargetKind.Server, LabelSet.ParseWords(words));

    public static Fake Egress(params string[] words) => new(TargetKind.Egress, LabelSet.ParseWords(words));

    public static Fake Resolver(params string[] words) => new(TargetKind.Resolver, LabelSet.ParseWords(words));

    public static Query Ask(params string[] words)
    {
        LabelSet given = LabelSet.ParseWords(words);
        return new() { Stated = given, RankingKeys = Query.RankingKeysOf(given, LabelSet.Empty, false) };
    }

    /// <summary>A request with pinned labels; the bits of the flags say what kind of one.</summary>
    public static Query Ask(LabelSet given, LabelSet pinned, int flags)
    {
        LabelSet stated = pinned.Merge(given, out _);
        LabelSet effective = stated.ContradictionsWith(given).Count > 0 ? LabelSet.Empty : given;
        return new()
        {
            Stated = stated,
            RankingKeys = Query.RankingKeysOf(effective, pinned, (flags & 1) != 0),
            Ingress = (flags & 1) != 0,
            RelatedOnly = (flags & 2) != 0,
            Relay = (flags & 4) != 0,
        };
    }

    public override string ToString() => $"{Kind} {Own}";
}
