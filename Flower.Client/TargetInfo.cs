// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>One registered target, as <see cref="Handle.ListAsync"/> saw it.</summary>
/// <param name="Kind">Server, egress or resolver.</param>
/// <param name="Labels">Its labels, those among them that the switchboard attests.</param>
/// <param name="RequiredKeys">The keys that it requires of a client, sorted.</param>
public sealed record TargetInfo(TargetKind Kind, ConnectionLabels Labels, IReadOnlyList<string> RequiredKeys);
