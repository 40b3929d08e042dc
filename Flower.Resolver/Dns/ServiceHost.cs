// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Resolver.Dns;

/// <summary>One host of a service (RFC 2782).</summary>
/// <param name="Host">Its name; empty: the service is decidedly not offered.</param>
/// <param name="Port">The port.</param>
/// <param name="Priority">The smaller, the earlier it is tried.</param>
/// <param name="Weight">Its share among those of its priority.</param>
internal sealed record ServiceHost(string Host, ushort Port, ushort Priority, ushort Weight);
