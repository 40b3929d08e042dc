// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;

namespace Flower.Switchboard.Routing;

/// <summary>
/// One lookup: what a request states, and which of it ranks. A demand such as <c>flower.client_uid</c> of a target only
/// excludes if <see cref="Stated"/> has the key: who builds a query attests every key that a target may demand, and
/// what is not always known is demanded as a required key (<see cref="ReservedKeys.RequireDemands"/>).
/// </summary>
internal sealed class Query
{
    private static readonly ImmutableArray<string> AddressKeys =
    [
        "address_family", "client_address", "client_gid", "client_pid", "client_port", "client_uid", "server_address",
        "server_path", "server_port",
    ];

    private ImmutableArray<string> _labelKeys;
    private ImmutableArray<string> _statedKeys;

    /// <summary>What was attested of the client, its handle's out-labels and the given ones.</summary>
    public required LabelSet Stated { get; init; }

    /// <summary>The keys of the labels in <see cref="Stated"/>.</summary>
    public ImmutableArray<string> LabelKeys => _labelKeys.IsDefault ? _labelKeys = SortedKeys.OfLabels(Stated) : _labelKeys;

    /// <summary>The keys that <see cref="Stated"/> states.</summary>
    public ImmutableArray<string> StatedKeys =>
        _statedKeys.IsDefault ? _statedKeys = SortedKeys.Union(LabelKeys, Stated.RequiredKeys) : _statedKeys;

    /// <summary>The keys that rank, sorted; all of them are stated.</summary>
    public ImmutableArray<string> RankingKeys { get; init; } = [];

    /// <summary>Not a target that has nothing in common with the ranking keys.</summary>
    public bool RelatedOnly { get; init; }

    /// <summary>A socket is pushed: only servers are candidates, unless it can be relayed.</summary>
    public bool Ingress { get; init; }

    /// <summary>Who pushes can relay: egresses with a fixed destination are candidates too.</summary>
    public bool Relay { get; init; }

    /// <summary>The keys that rank: those given in the call, or if none of them can, the handle's out-labels.</summary>
    public static ImmutableArray<string> RankingKeysOf(LabelSet given, LabelSet outLabels, bool ingress)
    {
        ImmutableArray<string> keys = Filter(given, ingress);
        return keys.IsEmpty ? Filter(outLabels, ingress) : keys;
    }

    /// <summary>The same lookup with labels that a name stands for: they rank as if they had been given.</summary>
    public Query With(LabelSet stated, LabelSet resolved) => new()
    {
        Stated = stated,
        RankingKeys = SortedKeys.Union(RankingKeys, Filter(resolved, Ingress)),
        RelatedOnly = RelatedOnly,
        Ingress = Ingress,
        Relay = Relay,
    };

    /// <summary>The same lookup with other values for some labels.</summary>
    public Query With(ReadOnlySpan<KeyValuePair<string, string>> values) => new()
    {
        Stated = Stated.WithUnchecked(values),
        RankingKeys = RankingKeys,
        RelatedOnly = RelatedOnly,
        Ingress = Ingress,
        Relay = Relay,
        _labelKeys = _labelKeys,
        _statedKeys = _statedKeys,
    };

    /// <summary>
    /// The lookup of a resolver for it: what it requires of a target, a resolver need not state, but for what the
    /// switchboard attests. A key without a value is nothing to be translated.
    /// </summary>
    public Query ForResolvers() => new()
    {
        Stated = Stated.Where(static _ => true, ReservedKeys.IsReserved),
        RankingKeys = RankingKeys,
    };

    /// <summary>Whether a key that is given can rank.</summary>
    public static bool Ranks(string key, bool ingress) =>
        !ReservedKeys.IsReserved(key) && !(ingress && AddressKeys.Contains(key));

    private static ImmutableArray<string> Filter(LabelSet set, bool ingress)
    {
        ImmutableArray<string> stated = SortedKeys.Stated(set);
        foreach (string key in stated)
        {
            if (!Ranks(key, ingress))
            {
                return [.. stated.Where(k => Ranks(k, ingress))];
            }
        }

        return stated;
    }
}
