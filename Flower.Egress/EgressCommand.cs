// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;

namespace Flower.Egress;

/// <summary><c>flower egress</c>: makes outgoing connections for clients on the board.</summary>
public sealed class EgressCommand : Command
{
    /// <summary>The command.</summary>
    public EgressCommand()
        : base("egress", "Makes outgoing connections for clients on the board:\n"
            + "  flower egress connect network=office") => Add(new ConnectCommand());
}
