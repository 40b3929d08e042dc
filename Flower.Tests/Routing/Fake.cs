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

    public static Fake Server(params string[] words) => new(TargetKind.Server, LabelSet.ParseWords(words));

    public static Fake Egress(params string[] words) => new(TargetKind.Egress, LabelSet.ParseWords(words));

    public static Fake Resolver(params string[] words) => new(TargetKind.Resolver, LabelSet.ParseWords(words));

    public static Query Ask(params string[] words)
    {
        LabelSet given = LabelSet.ParseWords(words);
        return new() { Stated = given, RankingKeys = Query.RankingKeysOf(given, LabelSet.Empty, false) };
    }

    public override string ToString() => $"{Kind} {Own}";
}
