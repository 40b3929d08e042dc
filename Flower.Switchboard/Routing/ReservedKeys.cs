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
    public const string ClientUid = "flower.client_uid";
    public const string ClientGid = "flower.client_gid";
    public const string ClientPid = "flower.client_pid";
    public const string ServerUid = "flower.server_uid";
    public const string ServerGid = "flower.server_gid";
    public const string ServerPid = "flower.server_pid";

    private const string ClientPrefix = "flower.client_";
    private const string ServerPrefix = "flower.server_";

    private static readonly ImmutableArray<string> AboutClient = [ClientUid, ClientGid, ClientPid];
    private static readonly ImmutableArray<string> AboutServer = [ServerUid, ServerGid, ServerPid];

    public static bool IsReserved(string key) => key.StartsWith(LabelRules.ReservedPrefix, StringComparison.Ordinal);

    /// <summary>Checks in-labels and those of a registration, which may make demands on the client only.</summary>
    public static LabelRefusal? RefuseInLabels(LabelSet labels) => Refuse(labels, AboutClient);

    /// <summary>Checks out-labels and those of a request, which may make demands on the server only.</summary>
    public static LabelRefusal? RefuseOutLabels(LabelSet labels) => Refuse(labels, AboutServer);

    private static LabelRefusal? Refuse(LabelSet labels, ImmutableArray<string> allowed)
    {
        ImmutableArray<string> bad =
            [.. SortedKeys.Stated(labels).Where(k => IsReserved(k) && !allowed.Contains(k, StringComparer.Ordinal))];
        return bad.IsEmpty ? null : new(Explain(bad[0], allowed), bad);
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
