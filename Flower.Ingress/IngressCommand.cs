// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;

namespace Flower.Ingress;

/// <summary><c>flower ingress</c>: brings connections from outside onto the board.</summary>
public sealed class IngressCommand : Command
{
    /// <summary>The command.</summary>
    public IngressCommand()
        : base("ingress", "Accepts connections from outside and hands them to servers on the board:\n"
            + "  flower ingress accept 127.0.0.1:8080 program=web") => Add(new AcceptCommand());
}
