// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions.Live;

/// <summary>
/// One side of connections, in little memory: what is referred to is there anyway, and outlives neither sessions nor
/// targets by more than itself. Immutable, and mostly shared by the connections of one target, or of one request that is made again.
/// </summary>
internal sealed class LiveSide
{
    private readonly LabelSet _labels;

    // In the place of those that the labels have.
    private readonly KeyValuePair<string, string>[] _values;
    private LabelSet? _put;

    /// <param name="handle">Over which it was requested, or its target registered; maybe not live any more.</param>
    /// <param name="labels">What that side stated, with the labels of its handle.</param>
    /// <param name="attested">What was attested of it.</param>
    /// <param name="pid">Its process.</param>
    /// <param name="uid">Its user.</param>
    /// <param name="topUid">Who opened the path from which the handle comes in the end.</param>
    public LiveSide(Handle handle, LabelSet labels, LabelSet attested, int pid, uint uid, uint topUid)
    {
        Handle = handle;
        Attested = attested;
        Pid = pid;
        Uid = uid;
        TopUid = topUid;
        Characters = labels.CharacterCount;
        _labels = labels;
        _values = [];
    }

    private LiveSide(LiveSide like, KeyValuePair<string, string>[] values)
    {
        Handle = like.Handle;
        Attested = like.Attested;
        Pid = like.Pid;
        Uid = like.Uid;
        TopUid = like.TopUid;
        Characters = like.Characters;
        _labels = like._labels;
        _values = values;
    }

    public Handle Handle { get; }

    /// <summary>What it stated.</summary>
    public LabelSet Labels => _values.Length == 0 ? _labels : _put ??= _labels.WithUnchecked(_values);

    public LabelSet Attested { get; }

    public int Pid { get; }

    public uint Uid { get; }

    public uint TopUid { get; }

    /// <summary>What the labels keep in memory, in characters, without the values in the place of theirs.</summary>
    public int Characters { get; }

    public static LiveSide Of(Caller caller, LabelSet labels, LabelSet attested) => new(
        caller.Handle, labels, attested, caller.Credentials.Pid, caller.Credentials.Uid, caller.Node.Top.Maker.Uid);

    /// <summary>The same side with other values for some labels.</summary>
    /// <param name="values">For keys that it has; not copied.</param>
    public LiveSide With(KeyValuePair<string, string>[] values) => new(this, values);
}
