// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Run.Box;

/// <summary>A file that a box sees instead of the one outside.</summary>
/// <param name="Path">Where it is, without links.</param>
/// <param name="Content">At most 64 KiB.</param>
internal readonly record struct BoxFile(string Path, byte[] Content);
