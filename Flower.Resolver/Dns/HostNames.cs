// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Client;
using Flower.Protocol;

namespace Flower.Resolver.Dns;

/// <summary>
/// Names of hosts and of services: <c>server_hostname</c> with <c>server_service</c> or <c>server_port</c>, as the addresses
/// to connect to. The hosts file comes before all else.
/// </summary>
/// <param name="addresses">Who knows the addresses.</param>
/// <param name="hosts">The hosts file.</param>
/// <param name="services">The services file.</param>
/// <param name="search">The domains in which a name is looked for.</param>
internal sealed class HostNames(
    IHostAddresses addresses,
    WatchedFile<HostsFile> hosts,
    WatchedFile<ServicesFile> services,
    IReadOnlyList<string> search) : INames
{
    public const string Host = "server_hostname";
    public const string Service = "server_service";
    public const string Port = "server_port";

    private const int MaxTargets = 1000;
    private const int MaxServiceHosts = 64;

    // The board gives a question 5 s.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4.5);
    private static readonly TimeSpan FileTimeToLive = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan NumericTimeToLive = TimeSpan.FromDays(1);

    /// <inheritdoc/>
    public async Task<NameAnswer> ResolveAsync(LabelSet question, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(Limit);
        try
        {
            NameAnswer answer = await FindAsync(question, limited.Token).ConfigureAwait(false);
            return answer.Targets.Count <= MaxTargets ? answer : answer with { Targets = [.. answer.Targets.Take(MaxTargets)] };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new NameException($"no answer within {Limit.TotalSeconds} s");
        }
    }

    private async Task<NameAnswer> FindAsync(LabelSet question, CancellationToken cancellationToken)
    {
        string given = question[Host]!;
        string? service = question[Port] ?? question[Service];
        ushort? port = service is null ? null : ServicesFile.ParsePort(service);
        if (question[Port] is string text && port is null)
        {
            throw new NameException($"server_port must be a number from 1 to 65535, not '{LabelRules.Printable(text)}'");
        }

        if (AddressLabels.Parse(given) is IPAddress address)
        {
            return new([AddressLabels.Of(address, port ?? PortOf(service))], NumericTimeToLive);
        }

        if (HostName.Normalize(given) is not string normal)
        {
            return NameAnswer.None();
        }

        NameAnswer none = NameAnswer.None();
        foreach (string name in HostName.Candidates(given, normal, search))
        {
            NameAnswer answer = service is not null && port is null
                ? await FindServiceAsync(service, name, cancellationToken).ConfigureAwait(false)
                : await FindHostAsync(name, port, cancellationToken).ConfigureAwait(false);
            if (answer.Targets.Count > 0)
            {
                return answer;
            }

            none = answer;
        }

        return none;
    }

    // The SRV records of the name decide where its service is; without any, it is at the usual port.
    private async Task<NameAnswer> FindServiceAsync(string service, string name, CancellationToken cancellationToken)
    {
        if (hosts.Value.Find(name).Count == 0 && HostName.Normalize(service) is string plain
            && !plain.Contains('.', StringComparison.Ordinal))
        {
            (IReadOnlyList<ServiceHost> offers, TimeSpan holds) =
                await addresses.FindServiceAsync(plain, name, cancellationToken).ConfigureAwait(false);
            if (offers.Count > 0)
            {
                return await FindOffersAsync(offers, holds, cancellationToken).ConfigureAwait(false);
            }
        }

        return await FindHostAsync(name, PortOf(service), cancellationToken).ConfigureAwait(false);
    }

    private async Task<NameAnswer> FindOffersAsync(
        IReadOnlyList<ServiceHost> offers, TimeSpan holds, CancellationToken cancellationToken)
    {
        ServiceHost[] asked =
            [.. offers.Where(offer => offer.Host.Length > 0).OrderBy(offer => offer.Priority).Take(MaxServiceHosts)];
        NameAnswer[] found = await Task.WhenAll(
            asked.Select(offer => FindHostAsync(offer.Host, offer.Port, cancellationToken))).ConfigureAwait(false);

        // Of a host with several addresses each has its part of the weight.
        int scale = ushort.MaxValue / Math.Max(1, asked.Select(offer => (int)offer.Weight).DefaultIfEmpty().Max());
        IEnumerable<ResolvedTarget> targets = asked.Zip(found).SelectMany(pair => pair.Second.Targets.Select(
            target => target with
            {
                Priority = pair.First.Priority,
                Weight = pair.First.Weight == 0
                    ? 0
                    : Math.Max(1, pair.First.Weight * scale / pair.Second.Targets.Count),
            }));
        return new([.. targets], found.Select(answer => answer.TimeToLive).Append(holds).Min());
    }

    private async Task<NameAnswer> FindHostAsync(string name, ushort? port, CancellationToken cancellationToken)
    {
        IReadOnlyList<IPAddress> known = hosts.Value.Find(name);
        (IReadOnlyList<IPAddress> found, TimeSpan holds) = known.Count > 0
            ? (known, FileTimeToLive)
            : await addresses.FindAsync(name, cancellationToken).ConfigureAwait(false);
        return new([.. AddressLabels.Interleave(found).Select(address => AddressLabels.Of(address, port))], holds);
    }

    private ushort? PortOf(string? service) => service is null
        ? null
        : services.Value.Find(service) ?? throw new NameException(
            $"there is no service '{LabelRules.Printable(service)}': neither as an SRV record nor in /etc/services");
}
