// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>
/// A snapshot of the targets begins or is complete. When one begins, what was told of targets before is void.
/// </summary>
public sealed class SnapshotNotice : BoardEvent
{
    internal SnapshotNotice(Event told)
        : base(told)
    {
        HasEnded = told.WhatCase == Event.WhatOneofCase.SnapshotEnded;
        Missed = told.SnapshotBegun is { HasMissed: true } begun ? begun.Missed : null;
    }

    /// <summary>It is complete; otherwise it begins.</summary>
    public bool HasEnded { get; }

    /// <summary>
    /// Where it begins: how many events were missed before it, by a reader that was too slow; 0 for the first one; null:
    /// nobody knows, since the switchboard was replaced or has come back.
    /// </summary>
    public ulong? Missed { get; }
}
