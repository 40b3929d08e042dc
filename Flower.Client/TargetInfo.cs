// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>One registered target, as <see cref="Handle.ListAsync"/> saw it.</summary>
/// <param name="Kind">Server, egress or resolver.</param>
/// <param name="Labels">Its labels, those among them that the switchboard attests.</param>
/// <param name="RequiredKeys">The keys that it requires of a client, sorted.</param>
public sealed record TargetInfo(TargetKind Kind, ConnectionLabels Labels, IReadOnlyList<string> RequiredKeys)
{
    /// <summary>How much it takes compared with others. Default: 100.</summary>
    public int Weight { get; init; } = 100;

    /// <summary>It takes no new connections.</summary>
    public bool IsDraining { get; init; }

    /// <summary>How many connections it says it has; null: it never said.</summary>
    public int? OpenConnections { get; init; }

    /// <summary>It is no server, but starts one when it is asked for.</summary>
    public bool IsActivator { get; init; }

    /// <summary>How many connections it has taken since it was registered, or was offered and has not answered.</summary>
    public ulong Connections { get; init; }

    internal static TargetInfo From(Target target) =>
        new(target.Kind, new(target.Labels), [.. target.RequiredKeys.Order(StringComparer.Ordinal)])
        {
            Weight = (int)target.Weight,
            IsDraining = target.Draining,
            OpenConnections = target.HasOpenConnections ? (int)Math.Min(target.OpenConnections, int.MaxValue) : null,
            IsActivator = target.Activator,
            Connections = target.Connections,
        };
}
