// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Cat;

/// <summary>Why a transfer has ended.</summary>
internal enum TransferEnd
{
    /// <summary>The source has ended or failed, and all that it brought was delivered.</summary>
    SourceEnded,

    /// <summary>The sink takes nothing any more.</summary>
    SinkClosed,

    /// <summary>It was told to stop.</summary>
    Stopped,
}
