// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Egress.Policy;

/// <summary>One <c>--allow</c>: destinations that clients may be connected to. Immutable.</summary>
/// <param name="Text">As it was written.</param>
internal abstract record AllowRule(string Text)
{
    private const string Examples =
        "write 10.0.0.0/8:5432, 192.0.2.7:80-90, [2001:db8::/32]:443 or unix:/run/postgresql/*";

    /// <summary>Reads a rule.</summary>
    /// <param name="text">What stands behind <c>--allow</c>.</param>
    /// <param name="error">What is wrong with it, and how to write it; empty if nothing is.</param>
    /// <returns>Null: it is no rule.</returns>
    public static AllowRule? Parse(string text, out string error)
    {
        AllowRule? rule = text.StartsWith("unix:", StringComparison.Ordinal)
            ? PathRule.Parse(text, out error)
            : AddressRule.Parse(text, out error);
        error = rule is not null ? "" : $"'{text}' is no rule for --allow: {(error.Length > 0 ? error : Examples)}";
        return rule;
    }

    public sealed override string ToString() => Text;
}
