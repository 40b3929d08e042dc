// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Routing;

/// <summary>
/// The registered targets and who of them a request reaches. Does not own the targets. One thread; no clock, no I/O.
/// Lookup is a tuple space search (Srinivasan et al., SIGCOMM 1999): the time grows with the number of distinct key
/// sets, not with the number of targets.
/// </summary>
internal sealed class TargetDirectory<T>(
    int maxKeySetsPerUser = TargetDirectory<T>.DefaultKeySetsPerUser,
    int maxKeySets = TargetDirectory<T>.DefaultKeySets,
    Random? random = null)
    where T : class, ITarget
{
    /// <summary>The most distinct key sets of one user's targets.</summary>
    public const int DefaultKeySetsPerUser = 64;

    /// <summary>The most distinct key sets of all targets.</summary>
    public const int DefaultKeySets = 4096;

    /// <summary>The most targets that one call of <see cref="List"/> looks at.</summary>
    public const int MaxExamined = 512;

    /// <summary>What <see cref="List"/> sets when nothing is left.</summary>
    public const long EndOfList = -1;

    private static readonly TargetKind[] Servers = [TargetKind.Server];
    private static readonly TargetKind[] Reachable = [TargetKind.Server, TargetKind.Egress];
    private static readonly TargetKind[] Resolvers = [TargetKind.Resolver];

    private readonly Dictionary<TargetKind, Dictionary<string, KeyGroup<T>>> _groups = new()
    {
        [TargetKind.Server] = new(StringComparer.Ordinal),
        [TargetKind.Egress] = new(StringComparer.Ordinal),
        [TargetKind.Resolver] = new(StringComparer.Ordinal),
    };

    private readonly Dictionary<T, Entry<T>> _entries = new(ReferenceEqualityComparer.Instance);
    private readonly RegistrationLog<T> _log = new();
    private readonly KeySetQuota _quota = new(maxKeySetsPerUser, maxKeySets);
    private readonly Random _random = random ?? new();
    private readonly List<char> _signature = [];
    private long _lastSequence;

    public int Count => _entries.Count;

    /// <summary>Another one, from 1 on, whenever a lookup may have another result.</summary>
    public long Version { get; private set; } = 1;

    /// <summary>
    /// The place of the latest registration in their order. Whoever puts targets back that another directory had sets it
    /// before each, so that cursors stay valid; it never goes back.
    /// </summary>
    public long LastSequence
    {
        get => _lastSequence;
        set => _lastSequence = Math.Max(_lastSequence, value);
    }

    /// <summary>
    /// Registers a target, unless one that a client could not tell from it is there: of the same kind (servers and
    /// egresses are one kind here, since a client reaches both), with the same labels, more, or fewer. Targets without
    /// labels and required keys may always stand side by side.
    /// </summary>
    /// <exception cref="ArgumentException">It is registered already, or of no kind.</exception>
    public Registration<T> TryAdd(T target)
    {
        if (_entries.ContainsKey(target)
            || !_groups.TryGetValue(target.Kind, out Dictionary<string, KeyGroup<T>>? groups))
        {
            throw new ArgumentException("the target is registered already, or of no kind", nameof(target));
        }

        if (FindConflict(target) is { } conflict)
        {
            return new(conflict, null);
        }

        if (!groups.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(SignatureOf(target), out KeyGroup<T>? group))
        {
            group = new(target.Kind, target.Own, target.Indexed, SignatureOf(target).ToString());
        }

        string signature = group.Signature;
        if (_quota.Exceeded(target.OwnerUid, signature) is { } limit)
        {
            return new(null, limit);
        }

        groups.TryAdd(signature, group);
        Version++;
        var entry = new Entry<T>(target, ++_lastSequence, group);
        group.Add(entry);
        _entries.Add(target, entry);
        _log.Append(entry);
        _quota.Add(entry.OwnerUid, signature);
        return default;
    }

    /// <summary>Removes a target; false: it was not registered.</summary>
    public bool Remove(T target)
    {
        if (!_entries.Remove(target, out Entry<T>? entry))
        {
            return false;
        }

        Version++;
        entry.Group.Remove(entry);
        _log.Remove(entry);
        _quota.Remove(entry.OwnerUid, entry.Group.Signature);
        if (entry.Group.Count == 0)
        {
            _groups[entry.Kind].Remove(entry.Group.Signature);
        }

        return true;
    }

    /// <summary>The target with a place in the order of registration; null: it is not registered.</summary>
    public T? Find(long sequence) => _log.Find(sequence)?.Target;

    /// <summary>The targets that match best, among those that are <paramref name="eligible"/>.</summary>
    public Lookup<T> Find(Query query, Predicate<T>? eligible = null)
    {
        var search = new TargetSearch<T>(query, eligible);
        foreach (TargetKind kind in KindsFor(query))
        {
            foreach (KeyGroup<T> group in _groups[kind].Values)
            {
                search.Visit(group);
            }
        }

        return search.Result();
    }

    /// <summary>The resolvers that match best, among those that are <paramref name="eligible"/>.</summary>
    public Lookup<T> FindResolvers(Query query, Predicate<T> eligible)
    {
        var search = new TargetSearch<T>(query, eligible);
        foreach (KeyGroup<T> group in _groups[TargetKind.Resolver].Values)
        {
            search.Visit(group);
        }

        return search.Result();
    }

    /// <summary>Tells how each target stands to a query. Holds until a target comes, goes or changes.</summary>
    /// <param name="query">What is looked for.</param>
    /// <param name="isBalanced">One of several is picked.</param>
    public Explainer<T> Explain(Query query, bool isBalanced)
    {
        var explainer = new Explainer<T>(query, isBalanced, target => _entries[target]);
        foreach (TargetKind kind in KindsFor(query))
        {
            foreach (KeyGroup<T> group in _groups[kind].Values)
            {
                explainer.Visit(group);
            }
        }

        return explainer;
    }

    /// <summary>
    /// One of the targets that match best, among those that do not drain; null: there is none. The time grows with the
    /// logarithm of their number, but for those that are picked only where there is no other.
    /// </summary>
    /// <param name="query">What is looked for.</param>
    /// <param name="balance">How one of several is picked.</param>
    /// <param name="tried">Targets that count as if they were not registered.</param>
    public T? Pick(Query query, Balance balance, IReadOnlyCollection<T> tried)
    {
        var pick = new TargetPick<T>(
            query, balance, [.. tried.Select(t => _entries.GetValueOrDefault(t)).OfType<Entry<T>>()], _random);
        foreach (TargetKind kind in KindsFor(query))
        {
            foreach (KeyGroup<T> group in _groups[kind].Values)
            {
                pick.Visit(group);
            }
        }

        return pick.Result()?.Target;
    }

    /// <summary>
    /// The directory is told that a target's weight is another one, or whether it drains or is suspect. Nothing happens if
    /// it is not registered.
    /// </summary>
    public void Update(T target)
    {
        if (_entries.TryGetValue(target, out Entry<T>? entry))
        {
            Version++;
            entry.Group.Update(entry);
        }
    }

    /// <summary>
    /// Adds the next targets, of all kinds, that do not contradict the filter and state the keys that it requires, in
    /// the order of registration. Looks at a bounded number of them, so it may add none before the end is reached.
    /// </summary>
    /// <param name="filter">The labels. What the targets require does not hide them, unless it is attested.</param>
    /// <param name="afterSequence">0 to begin with, then what <paramref name="next"/> was.</param>
    /// <param name="max">The most targets to add.</param>
    /// <param name="into">The targets are added to it.</param>
    /// <param name="next">Where to go on, or <see cref="EndOfList"/>. Stays valid whatever comes and goes.</param>
    /// <returns>How many were added.</returns>
    public int List(LabelSet filter, long afterSequence, int max, List<T> into, out long next)
    {
        int added = 0;
        next = afterSequence;
        int slot = _log.FirstAfter(afterSequence);
        int end = Math.Min(_log.Slots, slot + MaxExamined);
        for (; slot < end && added < max; slot++)
        {
            (next, Entry<T>? entry) = _log[slot];
            if (entry is not null && IsListed(entry.Indexed, filter))
            {
                into.Add(entry.Target);
                added++;
            }
        }

        next = slot == _log.Slots ? EndOfList : next;
        return added;
    }

    private static TargetKind[] KindsFor(Query query) => query is { Ingress: true, Relay: false } ? Servers : Reachable;

    /// <summary>Whether <see cref="List"/> shows a target with these labels.</summary>
    public static bool IsListed(LabelSet target, LabelSet filter) =>
        filter.RequiredKeys.All(target.States)
        && target.RequiredKeys.All(k => !ReservedKeys.IsReserved(k) || filter.States(k))
        && target.ContradictionsWith(filter).Count == 0;

    // The same for targets of the same group. No key has a control character. Good until the next one.
    private ReadOnlySpan<char> SignatureOf(T target)
    {
        _signature.Clear();
        Sign(target.Indexed.Labels, static label => label.Key);
        Sign(target.Own.Labels, static label => label.Key);
        Sign(target.Own.RequiredKeys, static key => key);
        return CollectionsMarshal.AsSpan(_signature);
    }

    private void Sign<TItem>(ImmutableArray<TItem> items, Func<TItem, string> keyOf)
    {
        foreach (TItem item in items)
        {
            _signature.AddRange(keyOf(item).AsSpan());
            _signature.Add('\0');
        }

        _signature.Add('\u0001');
    }

    private T? FindConflict(T target)
    {
        LabelSet own = target.Own;
        if (own.IsEmpty)
        {
            return null;
        }

        ImmutableArray<string> keys = SortedKeys.OfLabels(own);
        ImmutableArray<string> stated = SortedKeys.Union(keys, own.RequiredKeys);
        foreach (TargetKind kind in target.Kind == TargetKind.Resolver ? Resolvers : Reachable)
        {
            foreach (KeyGroup<T> group in _groups[kind].Values)
            {
                if (!group.IsConfusable(keys, own.RequiredKeys, stated))
                {
                    continue;
                }

                // One key set is within the other, so equal values at the common keys are all that is left to ask.
                ImmutableArray<string> common = keys.Length < group.OwnKeys.Length ? keys : group.OwnKeys;
                Posting<T> posting = group.FindSome(own, common, out bool isExact);
                if (posting.Count > 0 && InConflict(target, posting, isExact ? [] : common) is { } other)
                {
                    return other;
                }
            }
        }

        return null;
    }

    // The first that has a target's values at the keys, unless one starts the other.
    private static T? InConflict(T target, Posting<T> posting, ImmutableArray<string> keys) => posting.Entries
        .FirstOrDefault(e => KeyGroup<T>.HasValues(e, target.Own, keys) && !e.Target.Starts(target) && !target.Starts(e.Target))
        ?.Target;
}
