// SPDX-License-Identifier: BSD-2-Clause
using System.Net;

namespace Flower.Egress.Policy;

/// <summary>
/// Where clients may be connected to. Without a rule, to every public address; with one, only to what a rule allows. A
/// special range is opened only by a rule that lies within it: whoever writes 0.0.0.0/0 thinks of the Internet, and not
/// of what listens on 127.0.0.1. Immutable.
/// </summary>
internal sealed class AllowList(IReadOnlyList<AllowRule> rules)
{
    private const int RulesToName = 3;

    /// <summary>Null: it may. Otherwise why it may not, as the client is told.</summary>
    public string? Refuse(IPEndPoint endPoint)
    {
        IPAddress address = EmbeddedAddress.Of(endPoint.Address);
        SpecialRange? special = SpecialRange.Of(address);
        AddressRule? tooWide = null;
        foreach (AddressRule rule in rules.OfType<AddressRule>().Where(rule => rule.Matches(address, endPoint.Port)))
        {
            if (special is null || special.Includes(rule.Network))
            {
                return null;
            }

            tooWide ??= rule;
        }

        string what = address.Equals(endPoint.Address) ? $"{endPoint}" : $"{endPoint}, which is {address},";
        return (special, tooWide) switch
        {
            (null, _) => rules.Count == 0 ? null : $"permission denied: {what} is not within {Names}",
            (_, null) => $"permission denied: {what} is in {special}, and no --allow names it",
            _ => $"permission denied: {what} is in {special}, and --allow {tooWide} is wider than that",
        };
    }

    /// <summary>Null: it may. Otherwise why it may not, as the client is told.</summary>
    public string? Refuse(string path) => rules.OfType<PathRule>().Any(rule => rule.Matches(path)) ? null
        : rules.Count == 0 ? $"permission denied: unix:{path} needs an --allow that names it"
        : $"permission denied: unix:{path} is not within {Names}";

    private string Names => string.Join(", ", rules.Take(RulesToName).Select(rule => $"--allow {rule}"))
        + (rules.Count > RulesToName ? $" and {rules.Count - RulesToName} more" : "");
}
