// SPDX-License-Identifier: BSD-2-Clause
using DnsClient.Protocol;

namespace Flower.Resolver.Dns;

/// <summary>The records of one type that a name has, and how long that holds.</summary>
internal sealed record DnsRecords(IReadOnlyList<DnsResourceRecord> Records, TimeSpan TimeToLive);
