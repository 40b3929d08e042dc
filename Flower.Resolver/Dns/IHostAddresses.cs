// SPDX-License-Identifier: BSD-2-Clause
using System.Net;

namespace Flower.Resolver.Dns;

/// <summary>Knows the addresses of hosts, and where their services are. For any number of questions at once.</summary>
internal interface IHostAddresses
{
    /// <summary>The addresses of a host, and how long they hold; none: there is no such name.</summary>
    /// <exception cref="NameException">It cannot be said at the moment.</exception>
    Task<(IReadOnlyList<IPAddress> Addresses, TimeSpan TimeToLive)> FindAsync(
        string host, CancellationToken cancellationToken);

    /// <summary>The hosts that offer a service for a name, and how long that holds (RFC 2782); none: nobody says.</summary>
    /// <exception cref="NameException">It cannot be said at the moment.</exception>
    Task<(IReadOnlyList<ServiceHost> Hosts, TimeSpan TimeToLive)> FindServiceAsync(
        string service, string host, CancellationToken cancellationToken);
}
