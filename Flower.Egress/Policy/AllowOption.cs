// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.CommandLine.Parsing;

namespace Flower.Egress.Policy;

/// <summary><c>--allow RULE</c>, any number of times.</summary>
internal sealed class AllowOption : Option<AllowList>
{
    public AllowOption()
        : base("--allow")
    {
        HelpName = "RULE";
        Description = "Clients may be connected to this: 10.0.0.0/8:5432, 10.0.0.0/8 (any port), 192.0.2.7:80-90, "
            + "[2001:db8::/32]:443 or unix:/run/postgresql/* ('*' within one name). Repeat it for more. With a rule, "
            + "only what a rule allows; loopback, link-local, private, multicast, reserved and the unspecified address "
            + "only by a rule within that range, so that 0.0.0.0/0 does not open 127.0.0.1. Default: every public IP "
            + "address, no Unix path";
        Arity = ArgumentArity.OneOrMore;
        AllowMultipleArgumentsPerToken = false;
        CustomParser = Parse;
    }

    private static AllowList? Parse(ArgumentResult result)
    {
        List<AllowRule> rules = [];
        foreach (Token token in result.Tokens)
        {
            if (AllowRule.Parse(token.Value, out string error) is { } rule)
            {
                rules.Add(rule);
            }
            else
            {
                result.AddError(error);
            }
        }

        return new(rules);
    }
}
