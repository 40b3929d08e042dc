// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>Something that happened on the board, as <see cref="Handle.WatchAsync"/> tells it. Immutable.</summary>
public abstract class BoardEvent
{
    private readonly Event _told;

    private protected BoardEvent(Event told) => _told = told;

    /// <summary>
    /// Of two events, the later one has the greater number; what this handle is not told leaves gaps. In a snapshot, the
    /// number of the event that happened last. It begins again when the switchboard has crashed.
    /// </summary>
    public ulong Sequence => _told.Sequence;

    /// <summary>When, by the switchboard's clock.</summary>
    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(_told.TimeMs);

    /// <summary>What it is called in JSON: <c>target-added</c>.</summary>
    public string Name => EventJson.NameOf(_told);

    /// <summary>Writes it as a JSON object, as the audit log does.</summary>
    public void WriteTo(Utf8JsonWriter writer) => EventJson.Write(writer, _told);

    /// <summary>The event; null: a later version knows it.</summary>
    internal static BoardEvent? From(Event told) => told.WhatCase switch
    {
        Event.WhatOneofCase.SnapshotBegun or Event.WhatOneofCase.SnapshotEnded => new SnapshotNotice(told),
        Event.WhatOneofCase.Target => new TargetNotice(told),
        Event.WhatOneofCase.Connect => new ConnectNotice(told),
        Event.WhatOneofCase.Handle => new HandleNotice(told),
        Event.WhatOneofCase.Quota => new QuotaNotice(told),
        Event.WhatOneofCase.Refused => new RefusalNotice(told),
        _ => null,
    };
}
