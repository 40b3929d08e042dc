// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Switchboard.Sessions;

/// <summary>What a target says on its stream: one of these.</summary>
internal readonly record struct TargetMessage(TargetStart? Start, Answer? Answer, TargetUpdate? Update);
