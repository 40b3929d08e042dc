// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Inspection;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;

namespace Flower.Connections;

/// <summary>One open connection: what the board remembers and what the kernel says. Immutable.</summary>
internal sealed record ObservedConnection(ConnectionInfo Info, SeenSide Client, SeenSide Target)
{
    /// <summary>In one word.</summary>
    public string State { get; init; } = StateWord.Unknown;

    /// <summary>Bytes that wait for the client to receive them; null: not known.</summary>
    public long? ToClient { get; init; }

    /// <summary>Bytes that wait for the target to receive them; null: not known.</summary>
    public long? ToTarget { get; init; }

    /// <summary>Of TCP, what its kernel measures, seen from the side that has the socket.</summary>
    public TcpMeasures? Tcp { get; init; }

    /// <summary>Its labels but for the attested ones: the client's, then the target's others.</summary>
    public IEnumerable<string> Labels => Stated(Info.ClientLabels).Union(Stated(Info.TargetLabels), StringComparer.Ordinal);

    /// <summary>Labels but for the attested ones; not yet safe to print.</summary>
    public static IEnumerable<string> Stated(ConnectionLabels labels) =>
        labels.Where(label => label.Source != Source.Attested).Select(label => $"{label.Key}={label.Value}");
}
