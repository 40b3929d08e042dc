// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Client;

/// <summary>One of the things that a name stands for.</summary>
/// <param name="Labels">Added to the labels of the request. What contradicts the request is left out.</param>
public sealed record ResolvedTarget(LabelSet Labels)
{
    /// <summary>Those of a lower priority are tried first, 0 or more; default 0.</summary>
    public int Priority { get; init; }

    /// <summary>
    /// Of the same priority, they are tried in a random order in which greater weights tend to come first, 0 to 65,535; if
    /// all are 0, in the order in which they are given. Default 0.
    /// </summary>
    public int Weight { get; init; }
}
