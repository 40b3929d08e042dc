// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Run.Box;
using Flower.Run.Network;
using Microsoft.Win32.SafeHandles;

namespace Flower.Run.Agent;

/// <summary>A command in a box whose network is the board: the box, and its agent, which is this process.</summary>
internal sealed class AgentBox(
    SwitchboardAddress address, Narrowing narrowing, BoxChoice choice, string[] words, bool isVerbose)
{
    /// <summary>Looks whether the programs are there that a box is made of, before anything is made.</summary>
    /// <exception cref="ToolException">One is missing.</exception>
    public static void CheckParts()
    {
        BoxedProcess.CheckParts(BoxOptions.WithAgent);
        BoxNetwork.CheckParts();
    }

    /// <summary>Runs the command to its end, in the namespaces of <see cref="BoxNamespace"/>.</summary>
    /// <exception cref="ToolException">The box cannot be made.</exception>
    /// <exception cref="FlowerException">There is no switchboard, or it does not allow this.</exception>
    public async Task<int> RunAsync(IgnoredSignals ignored, CancellationToken cancellationToken)
    {
        BoxNamespace.RestoreEnvironment();
        BoxPlan plan = BoxPlan.Make(address, ReadOutsideSockets(), choice, words[0]);
        await using BoxAgent agent = await BoxAgent.StartAsync(
            address, Needed(), choice, isVerbose ? SayConnected : null, cancellationToken);
        Descriptor? session = choice.SharesHandle ? await agent.MakeHandleAsync(cancellationToken) : null;
        using Descriptor? owned = session;
        cancellationToken.ThrowIfCancellationRequested();
        if (isVerbose)
        {
            HandleReport.Say(narrowing, agent.Board.Rights);
            Tool.Say(RunCommand.FullName, $"the board is the network; hidden: {string.Join(", ", plan.Hidden)}");
        }

        int code = await BoxedProcess.RunAsync(
            new(plan, session, HasAgent: true, NameFiles.Make()), words, ignored, cancellationToken);
        await agent.DrainAsync(wasStopped: cancellationToken.IsCancellationRequested);
        return code;
    }

    private static void SayConnected(string destination) =>
        AgentLog.Say($"connect to {destination}: connected");

    // What the agent does, if nothing else was asked for, and nobody else has the handle.
    private Narrowing Needed()
    {
        Right[] rights = choice.Published.Count > 0
            ? [Right.ClientConnect, Right.ServerStart]
            : [Right.ClientConnect];
        return narrowing.Rights is null && !choice.SharesHandle ? narrowing with { Rights = rights } : narrowing;
    }

    private IReadOnlyList<BoundSocket> ReadOutsideSockets()
    {
        using var list = new StreamReader(
            new FileStream(new SafeFileHandle(choice.OutsideSockets, ownsHandle: true), FileAccess.Read));
        return BoundSocket.Parse(LinesOf(list));
    }

    private static IEnumerable<string> LinesOf(TextReader text)
    {
        while (text.ReadLine() is { } line)
        {
            yield return line;
        }
    }
}
