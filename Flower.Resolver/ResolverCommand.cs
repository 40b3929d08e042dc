// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Resolver.Dns;
using Flower.Resolver.Services;
using Flower.Resolver.Static;

namespace Flower.Resolver;

/// <summary><c>flower resolver</c>: says on the board what names stand for.</summary>
public sealed class ResolverCommand : Command
{
    /// <summary>The command.</summary>
    public ResolverCommand()
        : base("resolver", "Says on the board what names stand for, so that clients need not know:\n"
            + "  flower resolver dns\n"
            + "  flower resolver static /etc/flower/names.json\n"
            + "  flower resolver services --suffix .flower")
    {
        Add(new DnsCommand());
        Add(new StaticCommand());
        Add(new ServicesCommand());
    }
}
