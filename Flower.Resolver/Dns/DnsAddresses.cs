// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using DnsClient;
using DnsClient.Protocol;

namespace Flower.Resolver.Dns;

/// <summary>The addresses that DNS servers give. IPv4 and IPv6 are asked for at once; aliases are followed.</summary>
/// <param name="servers">The servers at the moment, in their order.</param>
/// <param name="limit">How long one try may take.</param>
/// <param name="tries">How often each server is asked.</param>
internal sealed class DnsAddresses(Func<IReadOnlyList<IPEndPoint>> servers, TimeSpan limit, int tries) : IHostAddresses
{
    private const int MaxAliases = 8;

    // Where one of the two families could not be asked for.
    private static readonly TimeSpan HalfTimeToLive = TimeSpan.FromSeconds(5);

    private IReadOnlyList<IPEndPoint> _servers = [];
    private LookupClient? _client;

    /// <inheritdoc/>
    public async Task<(IReadOnlyList<IPAddress> Addresses, TimeSpan TimeToLive)> FindAsync(
        string host, CancellationToken cancellationToken)
    {
        Task<DnsRecords> four = QueryAsync(host, QueryType.A, cancellationToken);
        Task<DnsRecords> six = QueryAsync(host, QueryType.AAAA, cancellationToken);
        Task both = Task.WhenAll(four, six);
        await both.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        DnsRecords[] told = [.. new[] { six, four }.Where(t => t.IsCompletedSuccessfully).Select(t => t.Result)];
        List<IPAddress> addresses =
            [.. told.SelectMany(t => t.Records).OfType<AddressRecord>().Select(record => record.Address)];
        if (addresses.Count == 0)
        {
            // Faults if one of them did.
            await both;
            return ([], told.Min(t => t.TimeToLive));
        }

        TimeSpan holds = told.Where(t => t.Records.Count > 0).Min(t => t.TimeToLive);
        return (addresses, told.Length == 2 || holds < HalfTimeToLive ? holds : HalfTimeToLive);
    }

    /// <inheritdoc/>
    public async Task<(IReadOnlyList<ServiceHost> Hosts, TimeSpan TimeToLive)> FindServiceAsync(
        string service, string host, CancellationToken cancellationToken)
    {
        DnsRecords told = await QueryAsync($"_{service}._tcp.{host}", QueryType.SRV, cancellationToken);
        return (
            [.. told.Records.OfType<SrvRecord>().Select(record => new ServiceHost(
                record.Target.Value.TrimEnd('.'), record.Port, record.Priority, record.Weight))],
            told.TimeToLive);
    }

    // All records of the type behind the aliases of a name; none: for how long.
    private async Task<DnsRecords> QueryAsync(string name, QueryType type, CancellationToken cancellationToken)
    {
        TimeSpan holds = TimeSpan.MaxValue;
        for (int aliases = 0; aliases <= MaxAliases; aliases++)
        {
            IDnsQueryResponse response = await AskAsync(name, type, cancellationToken);
            DnsResourceRecord[] wanted = [.. response.Answers.Where(r => (int)r.RecordType == (int)type)];
            CNameRecord[] chain = [.. response.Answers.OfType<CNameRecord>()];
            holds = Min([holds, .. wanted.Concat(chain).Select(r => TimeSpan.FromSeconds(r.InitialTimeToLive))]);
            if (wanted.Length > 0)
            {
                return new(wanted, holds);
            }

            // The server follows aliases as far as it knows them.
            string last = Last(name, chain);
            if (last == name || response.Header.ResponseCode == DnsHeaderResponseCode.NotExistentDomain)
            {
                return new([], Min([holds, NegativeTimeToLive(response)]));
            }

            name = last;
        }

        throw new NameException($"{name} is an alias of an alias, more than {MaxAliases} times over");
    }

    private async Task<IDnsQueryResponse> AskAsync(string name, QueryType type, CancellationToken cancellationToken)
    {
        try
        {
            IDnsQueryResponse response = await Client().QueryAsync(
                name + ".", type, QueryClass.IN, cancellationToken).ConfigureAwait(false);
            return response.Header.ResponseCode is DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain
                ? response
                : throw new NameException($"{response.NameServer} answers {response.Header.ResponseCode} for {name}");
        }
        catch (DnsResponseException e)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new NameException($"no DNS server answers for {name}: {string.Join(", ", _servers)} did not", e);
        }
    }

    // Who changes the servers gets another client; those who ask meanwhile go on with theirs.
    private LookupClient Client()
    {
        IReadOnlyList<IPEndPoint> now = servers();
        LookupClient? client = _client;
        if (client is not null && ReferenceEquals(now, _servers))
        {
            return client;
        }

        client = new(new LookupClientOptions([.. now])
        {
            UseCache = false,
            Timeout = limit,
            Retries = tries - 1,
            UseRandomNameServer = false,
            UseTcpFallback = true,
            ContinueOnDnsError = false,
            ThrowDnsErrors = false,
            EnableAuditTrail = false,
        });
        (_servers, _client) = (now, client);
        return client;
    }

    private static string Last(string name, CNameRecord[] chain)
    {
        string last = name;
        for (int i = 0; i < chain.Length; i++)
        {
            CNameRecord? alias = Array.Find(chain, record => string.Equals(
                record.DomainName.Value.TrimEnd('.'), last, StringComparison.OrdinalIgnoreCase));
            if (alias is null)
            {
                break;
            }

            last = alias.CanonicalName.Value.TrimEnd('.');
        }

        return last;
    }

    // RFC 2308, section 5.
    private static TimeSpan NegativeTimeToLive(IDnsQueryResponse response) =>
        response.Authorities.OfType<SoaRecord>().FirstOrDefault() is SoaRecord soa
            ? TimeSpan.FromSeconds(Math.Min(soa.InitialTimeToLive, soa.Minimum))
            : NameAnswer.NegativeTimeToLive;

    private static TimeSpan Min(IEnumerable<TimeSpan> times) => times.Min();
}
