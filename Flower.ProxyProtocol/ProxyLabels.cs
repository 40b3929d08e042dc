// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.ProxyProtocol;

/// <summary>Which connection labels a PROXY header carries. Immutable.</summary>
/// <param name="HasFields">Whether it has any field beside the addresses.</param>
/// <param name="Keys">The labels to send; null: all.</param>
public sealed record ProxyLabels(bool HasFields, IReadOnlySet<string>? Keys)
{
    /// <summary>All labels.</summary>
    public static ProxyLabels All { get; } = new(true, null);

    /// <summary>Addresses only, for servers that take no longer header.</summary>
    public static ProxyLabels None { get; } = new(false, null);

    /// <summary>Reads <c>all</c>, <c>none</c> or keys with commas between them.</summary>
    /// <returns>Null: there is an empty key.</returns>
    public static ProxyLabels? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] keys = text.Split(',');
        return text switch
        {
            "all" => All,
            "none" => None,
            _ => keys.All(key => key.Length > 0) ? new(true, keys.ToHashSet(StringComparer.Ordinal)) : null,
        };
    }

    /// <summary>Whether the header carries a label.</summary>
    public bool Has(string key) => HasFields && (Keys is null || Keys.Contains(key));
}
