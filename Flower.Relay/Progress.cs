// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Relay;

/// <summary>How a direction stands after its turn.</summary>
internal enum Progress
{
    /// <summary>One of its sockets must have news first.</summary>
    Waits,

    /// <summary>It could go on at once, but others have their turn first.</summary>
    HasMore,

    /// <summary>The source has ended, and the sink was told.</summary>
    Ended,

    /// <summary>The source failed: what it sent is incomplete.</summary>
    SourceFailed,

    /// <summary>The sink takes nothing any more.</summary>
    SinkFailed,
}
