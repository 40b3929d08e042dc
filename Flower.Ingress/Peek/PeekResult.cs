// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Ingress.Peek;

/// <summary>What the first bytes of a connection say.</summary>
/// <param name="Status">Whether they are enough.</param>
/// <param name="Labels">What was found: empty unless <see cref="PeekStatus.Done"/>, and perhaps then.</param>
internal readonly record struct PeekResult(PeekStatus Status, LabelSet Labels)
{
    internal static PeekResult More { get; } = new(PeekStatus.More, LabelSet.Empty);

    internal static PeekResult Malformed { get; } = new(PeekStatus.Malformed, LabelSet.Empty);

    internal static PeekResult Nothing { get; } = new(PeekStatus.Done, LabelSet.Empty);

    internal static PeekResult Done(LabelSet labels) => new(PeekStatus.Done, labels);
}
