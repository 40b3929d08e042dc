// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;

namespace Flower.Switchboard.Routing;

/// <summary>
/// The keys that begin with <c>flower.</c>. The switchboard alone states them about a side; a side may state
/// some of them about the other, as a demand.
/// </summary>
internal static class ReservedKeys
{
    public const string ConnectionId = "flower.connection_id";
    public const string Revocable = "flower.revocable";
    public const string Tapped = "flower.tapped";

    /// <summary>What is attested of a client begins with it.</summary>
    public const string ClientPrefix = "flower.client_";

    /// <summary>What is attested of a target begins with it.</summary>
    public const string ServerPrefix = "flower.server_";

    /// <summary>The facts: always known.</summary>
    public const string Uid = "uid";
    public const string Gid = "gid";
    public const string Pid = "pid";

    /// <summary>The facts: attested where they are known.</summary>
    public const string Cgroup = "cgroup";
    public const string Unit = "unit";
    public const string UserUnit = "user_unit";

    public const string ClientUid = ClientPrefix + Uid;
    public const string ClientGid = ClientPrefix + Gid;
    public const string ClientPid = ClientPrefix + Pid;
    public const string ServerUid = ServerPrefix + Uid;
    public const string ServerGid = ServerPrefix + Gid;
    public const string ServerPid = ServerPrefix + Pid;

    private static readonly ImmutableArray<string> Known = [Uid, Gid, Pid];
    private static readonly ImmutableArray<string> MaybeKnown = [Cgroup, Unit, UserUnit];
    private static readonly ImmutableArray<string> Facts = [.. Known, .. MaybeKnown];
    private static readonly ImmutableArray<string> AboutClient = [.. Facts.Select(f => ClientPrefix + f)];
    private static readonly ImmutableArray<string> AboutServer = [.. Facts.Select(f => ServerPrefix + f)];

    private static readonly ImmutableArray<string> MaybeAttested =
        [.. MaybeKnown.Select(f => ClientPrefix + f).Concat(MaybeKnown.Select(f => ServerPrefix + f))];

    public static bool IsReserved(string key) => key.StartsWith(LabelRules.ReservedPrefix, StringComparison.Ordinal);

    /// <summary>Checks in-labels and those of a registration, which may make demands on the client only.</summary>
    public static LabelRefusal? RefuseInLabels(LabelSet labels) => Refuse(labels, AboutClient);

    /// <summary>Checks out-labels and those of a request, which may make demands on the server only.</summary>
    public static LabelRefusal? RefuseOutLabels(LabelSet labels) => Refuse(labels, AboutServer);

    /// <summary>
    /// Adds the demands that the other side could meet by having no such label as required keys: that no unit is known
    /// of it must not count as the right one. May be larger than what one side may state.
    /// </summary>
    public static LabelSet RequireDemands(LabelSet labels)
    {
        if (!HasReserved(labels))
        {
            return labels;
        }

        string[] demands =
            [.. labels.Labels.Select(l => l.Key).Where(k => MaybeAttested.Contains(k) && !labels.Requires(k))];
        return demands.Length == 0 ? labels : labels.Merge(LabelSet.Create([], demands), out _);
    }

    private static LabelRefusal? Refuse(LabelSet labels, ImmutableArray<string> allowed)
    {
        // Mostly there is none.
        if (!HasReserved(labels))
        {
            return null;
        }

        ImmutableArray<string> bad =
            [.. SortedKeys.Stated(labels).Where(k => IsReserved(k) && !allowed.Contains(k, StringComparer.Ordinal))];
        return bad.IsEmpty ? null : new(Explain(bad[0], allowed), bad);
    }

    private static bool HasReserved(LabelSet labels)
    {
        foreach ((string key, _) in labels.Labels)
        {
            if (IsReserved(key))
            {
                return true;
            }
        }

        foreach (string key in labels.RequiredKeys)
        {
            if (IsReserved(key))
            {
                return true;
            }
        }

        return false;
    }

    private static string Explain(string key, ImmutableArray<string> allowed)
    {
        string who = AboutClient.Contains(key, StringComparer.Ordinal)
            ? "the switchboard alone states it about a client, and only a target may demand it of its clients"
            : AboutServer.Contains(key, StringComparer.Ordinal)
            ? "the switchboard alone states it about a target, and only a request may demand it of its target"
            : key.StartsWith(ClientPrefix, StringComparison.Ordinal)
                || key.StartsWith(ServerPrefix, StringComparison.Ordinal)
            ? "the switchboard knows no such key"
            : "the switchboard alone states keys that begin with 'flower.'";
        return $"label '{key}' cannot be stated here: {who}; allowed here are {string.Join(", ", allowed)}";
    }
}
