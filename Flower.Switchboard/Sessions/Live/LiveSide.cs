// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions.Live;

/// <summary>
/// One side of connections, in little memory: what is referred to is there anyway, and outlives neither sessions nor
/// targets by more than itself. Immutable, and shared by the connections of one target, or of one request that is made again.
/// </summary>
/// <param name="Handle">Over which it was requested, or its target registered; maybe not live any more.</param>
/// <param name="Labels">What that side stated, with the labels of its handle.</param>
/// <param name="Attested">What was attested of it.</param>
/// <param name="Pid">Its process.</param>
/// <param name="Uid">Its user.</param>
/// <param name="TopUid">Who opened the path from which the handle comes in the end.</param>
internal sealed record LiveSide(
    Handle Handle, LabelSet Labels, LabelSet Attested, int Pid, uint Uid, uint TopUid)
{
    /// <summary>What it keeps in memory, in characters of labels.</summary>
    public int Characters { get; } = Labels.CharacterCount;

    public static LiveSide Of(Caller caller, LabelSet labels, LabelSet attested) => new(
        caller.Handle, labels, attested, caller.Credentials.Pid, caller.Credentials.Uid, caller.Node.Top.Maker.Uid);

    /// <summary>The same side with other values for some labels.</summary>
    /// <param name="values">For keys that it has.</param>
    public LiveSide With(KeyValuePair<string, string>[] values) =>
        new(Handle, Labels.WithUnchecked(values), Attested, Pid, Uid, TopUid);
}
