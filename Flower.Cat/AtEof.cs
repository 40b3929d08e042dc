// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Cat;

/// <summary>What the end of standard input does to the connection.</summary>
internal enum AtEof
{
    /// <summary>The peer is told that nothing more comes, and may still answer.</summary>
    HalfClose,

    /// <summary>Nothing: the peer is not told.</summary>
    Keep,

    /// <summary>The connection ends when all has been sent.</summary>
    Quit,
}
