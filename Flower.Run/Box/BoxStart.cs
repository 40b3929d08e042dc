// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

namespace Flower.Run.Box;

/// <summary>What a box is made of.</summary>
/// <param name="Plan">What the command sees of the file system.</param>
/// <param name="Session">Its handle, which is closed here once it has begun; null: it has none.</param>
/// <param name="HasAgent">Whether this process is in the box's network, as its agent.</param>
/// <param name="Files">Files that the box sees instead of those outside.</param>
internal sealed record BoxStart(BoxPlan Plan, Descriptor? Session, bool HasAgent, IReadOnlyList<BoxFile> Files);
