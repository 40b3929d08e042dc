// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Switchboard.Routing;

/// <summary>One of the things that a name stands for.</summary>
/// <param name="Labels">What is stated instead of the name, or beside it.</param>
/// <param name="Priority">The smaller, the earlier it is tried.</param>
/// <param name="Weight">How likely it comes before others of its priority, 0 to 65,535.</param>
internal readonly record struct ResolvedTarget(LabelSet Labels, uint Priority, uint Weight);
