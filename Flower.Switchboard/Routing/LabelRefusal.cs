// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;

namespace Flower.Switchboard.Routing;

/// <summary>Why labels are not taken.</summary>
/// <param name="Message">What is wrong and what to do about it, for people.</param>
/// <param name="Keys">The keys at fault, sorted.</param>
internal sealed record LabelRefusal(string Message, ImmutableArray<string> Keys);
