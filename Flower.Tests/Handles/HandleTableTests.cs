// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Handles;
using Flower.Protocol;
using Flower.Protocol.V1;
using NUnit.Framework;
using Spectre.Console;

namespace Flower.Tests.Handles;

/// <summary><c>flower handles</c> on a terminal.</summary>
internal sealed class HandleTableTests
{
    private static readonly ProcessCredentials Maker = new() { Pid = 4194303, Uid = 1000 };
    private static readonly ProcessCredentials Owner = new() { Pid = 4194304, Uid = 1000 };

    [Test]
    public void Make_NarrowTerminal_KeepsNumbersWhole()
    {
        string[] lines = Print(Handle(targets: 123456, connections: 0, outLabels: "tenant=" + new string('x', 300)));

        foreach (string number in new[] { "1234567", "4194303", "uid 1000", "1: 4194304", "123456" })
        {
            Assert.That(lines, Has.Some.Contains(number), string.Join('\n', lines));
        }

        Assert.That(lines.Select(line => line.TrimEnd().Length), Has.All.AtMost(80));
    }

    [Test]
    public void Make_NothingToSee_LeavesTheColumnOut()
    {
        string without = string.Join('\n', Print(Handle(targets: 0, connections: 0, outLabels: "")));
        string with = string.Join('\n', Print(Handle(targets: 1, connections: 1, outLabels: "a=1")));

        foreach (string header in new[] { "OUT", "TARGETS", "CONNECTIONS" })
        {
            Assert.That(without, Does.Not.Contain(header));
            Assert.That(with, Does.Contain(header));
        }
    }

    private static HandleInfo Handle(uint targets, uint connections, string outLabels) => new(new LiveHandle
    {
        Id = 1234567,
        Rights = { Right.ClientConnect, Right.List },
        OutLabels = LabelSet.ParseWords(outLabels.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToMessage(),
        Maker = Maker,
        Owners = { Owner },
        Sessions = 1,
        Targets = targets,
        Connections = connections,
    });

    private static string[] Print(HandleInfo handle)
    {
        using var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 80;
        console.Write(HandleTable.Make([handle]));
        return text.ToString().Split('\n');
    }
}
