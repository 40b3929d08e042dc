// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>One label of a connection, and who stands behind it.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value.</param>
/// <param name="Source">Claimed by the peer, pinned by the configuration, or attested by the switchboard.</param>
public readonly record struct ConnectionLabel(string Key, string Value, Source Source)
{
    /// <summary><c>key=value (claimed|pinned|attested)</c>, safe for a terminal.</summary>
    public override string ToString() => LabelRules.Printable($"{Key}={Value}") + Source switch
    {
        Source.Claimed => " (claimed)",
        Source.Pinned => " (pinned)",
        Source.Attested => " (attested)",
        _ => "",
    };
}
