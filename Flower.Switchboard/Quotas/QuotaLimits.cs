// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;

namespace Flower.Switchboard.Quotas;

/// <summary>The limit of each quota. Immutable.</summary>
internal sealed record QuotaLimits
{
    /// <summary>What is not limited.</summary>
    public const long Unlimited = long.MaxValue;

    /// <summary>The names of the quotas, as the configuration spells them, in the order of <see cref="QuotaKind"/>.</summary>
    public static readonly ImmutableArray<string> Names =
    [
        "sessions", "targets", "pending_calls", "queued_bytes", "descriptors_in_flight", "connects_per_second",
        "registrations_per_second",
    ];

    /// <summary>Of a user: what ordinary use does not meet, and what one user cannot take from the others.</summary>
    public static readonly QuotaLimits PerUser = new(
        [4096, 16384, 8192, 64 * 1024 * 1024, 4096, 2_000, 200]);

    /// <summary>
    /// Of a handle that was made from another one: a quarter of a user's, so that whom he gives it does not use up all that
    /// is his; but rates, since an ingress, or all that he runs, may be behind it.
    /// </summary>
    public static readonly QuotaLimits PerHandle = new(
        [1024, 4096, 2048, 16 * 1024 * 1024, 1024, 10_000, 200]);

    /// <summary>No limit.</summary>
    public static readonly QuotaLimits None = new([.. Names.Select(_ => Unlimited)]);

    private readonly ImmutableArray<long> _limits;

    private QuotaLimits(ImmutableArray<long> limits) => _limits = limits;

    /// <summary>The limit of a quota.</summary>
    public long this[QuotaKind kind] => _limits[(int)kind];

    /// <summary>The same with another limit.</summary>
    public QuotaLimits With(QuotaKind kind, long limit) => new(_limits.SetItem((int)kind, limit));

    /// <summary><c>sessions 4096, targets 16384, …</c>.</summary>
    public override string ToString() => string.Join(
        ", ",
        Names.Select((name, i) => _limits[i] == Unlimited
            ? $"{name} unlimited"
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{name} {_limits[i]}")));
}
