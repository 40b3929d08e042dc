// SPDX-License-Identifier: BSD-2-Clause
using Flower.Inspection;
using Flower.Protocol;

namespace Flower.Connections;

/// <summary>Why the state of some connections is not known.</summary>
internal static class UnseenNotice
{
    /// <summary>The words; null: all are known.</summary>
    public static string? For(IReadOnlyList<ObservedConnection> connections)
    {
        int count = connections.Count(seen => seen.State == StateWord.Unknown);
        return count == 0
            ? null
            : $"the state of {count} of {Plural.Of(connections.Count, "connection")} is unknown: {(count == 1 ? "its socket is" : "their sockets are")} of another network "
                + "namespace than this process, or it may not ask the kernel about sockets";
    }
}
