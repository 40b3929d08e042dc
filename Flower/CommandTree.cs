// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Activate;
using Flower.Cat;
using Flower.Connect;
using Flower.Connections;
using Flower.Demo;
using Flower.Doctor;
using Flower.Egress;
using Flower.Explain;
using Flower.Handles;
using Flower.Ingress;
using Flower.List;
using Flower.Resolver;
using Flower.Run;
using Flower.Serve;
using Flower.Tap;
using Flower.Targets;
using Flower.Watch;
using Flower.Web;

namespace Flower;

/// <summary>All commands of the program: what it runs, and what its manual and completions are made of.</summary>
internal static class CommandTree
{
    /// <summary>The commands by what they are for, as in flower(1): what is said to who names none.</summary>
    public const string Overview = """
          the switchboard:            switchboard, demo
          programs on the board:      cat, connect, serve, activate, run
          to and from the network:    ingress, egress, resolver
          what there is and happens:  ls, connections, top, explain, watch, status, doctor, web, tap
          for operators:              handles, revoke, weight, drain
        """;

    /// <summary>A new tree.</summary>
    public static RootCommand Create() => new(
        "Flower connects programs by labels. Programs register on a switchboard, which hands each the end of a socket.\n"
        + "Begin with, each in a terminal of its own: flower switchboard; flower cat -l program=hello; flower cat program=hello")
    {
        new SwitchboardCommand(),
        new DemoCommand(),
        new CatCommand(),
        new ConnectCommand(),
        new RunCommand(),
        new ServeCommand(),
        new ActivateCommand(),
        new ListCommand(),
        new ConnectionsCommand(),
        new TopCommand(),
        new ExplainCommand(),
        new WatchCommand(),
        new StatusCommand(),
        new DoctorCommand(),
        new WebCommand(),
        new TapCommand(),
        new HandlesCommand(),
        new RevokeCommand(),
        new WeightCommand(),
        new DrainCommand(),
        new IngressCommand(),
        new EgressCommand(),
        new ResolverCommand(),
    };
}
