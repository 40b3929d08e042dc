// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Switchboard.Routing;

/// <summary>One side of a connection.</summary>
/// <param name="Handle">What it used.</param>
/// <param name="Side">Whether it registered (in) or requested (out).</param>
/// <param name="Labels">The labels of that side of the handle and the given ones.</param>
internal readonly record struct Party(Handle Handle, LabelSide Side, LabelSet Labels);
