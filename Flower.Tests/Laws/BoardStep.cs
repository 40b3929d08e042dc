// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Tests.Laws;

/// <summary>One step of a random life of a board.</summary>
/// <param name="Kind">What to register.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Remove">Which of the registered ones to remove before, modulo their number; negative: none.</param>
/// <param name="Uid">The owner.</param>
public sealed record BoardStep(TargetKind Kind, LabelSet Labels, int Remove, uint Uid);
