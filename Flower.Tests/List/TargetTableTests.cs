// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.List;
using Flower.Protocol.V1;
using NUnit.Framework;
using Spectre.Console;

namespace Flower.Tests.List;

/// <summary><c>flower ls</c> on a terminal.</summary>
public sealed class TargetTableTests
{
    [Test]
    public void Make_Sources_EachInItsColumn()
    {
        var labels = new ConnectionLabels(
        [
            new() { Key = "program", Value = "x env=prod\n[red]", Source = Source.Claimed },
            new() { Key = "env", Value = "prod", Source = Source.Pinned },
            new() { Key = "flower.server_uid", Value = "0", Source = Source.Attested },
        ]);

        string[] lines = Print([new TargetInfo(TargetKind.Server, labels, ["tenant"])]);

        string head = lines.Single(line => line.Contains("CLAIMED", StringComparison.Ordinal));
        string row = lines.Single(line => line.Contains("server ", StringComparison.Ordinal));
        Assert.That(At(row, "program=x env=prod?[red]"), Is.EqualTo(At(head, "CLAIMED")));
        Assert.That(row.LastIndexOf("env=prod", StringComparison.Ordinal), Is.EqualTo(At(head, "PINNED")));
        Assert.That(At(row, "flower.server_uid=0"), Is.EqualTo(At(head, "ATTESTED")));
        Assert.That(At(row, "+tenant"), Is.EqualTo(At(head, "REQUIRES")));
    }

    [TestCase(80)]
    [TestCase(60)]
    public void Make_NarrowTerminal_KeepsThePidWhole(int width)
    {
        var labels = new ConnectionLabels(
        [
            new() { Key = "program", Value = new string('x', 200), Source = Source.Claimed },
            new() { Key = "flower.server_pid", Value = "4194304", Source = Source.Attested },
            new() { Key = "flower.server_cgroup", Value = $"/system.slice/{new string('y', 200)}", Source = Source.Attested },
        ]);

        string[] lines = Print([new TargetInfo(TargetKind.Server, labels, [])], width);

        string row = lines.Single(line => line.Contains("server ", StringComparison.Ordinal));
        Assert.That(At(row, "4194304"), Is.EqualTo(At(lines.Single(line => line.Contains("PID", StringComparison.Ordinal)), "PID")));
        Assert.That(lines.Select(line => line.TrimEnd().Length), Has.All.AtMost(width));
    }

    [Test]
    public void Make_NothingToSee_LeavesTheColumnOut()
    {
        var labels = new ConnectionLabels([new() { Key = "program", Value = "x", Source = Source.Claimed }]);

        string text = string.Join('\n', Print([new TargetInfo(TargetKind.Server, labels, [])]));

        Assert.That(text, Does.Contain("CLAIMED"));
        foreach (string header in new[] { "PID", "PINNED", "ATTESTED", "REQUIRES", "STATE" })
        {
            Assert.That(text, Does.Not.Contain(header));
        }
    }

    [Test]
    public void Make_State_HasAColumnWhereThereIsSomethingToSay()
    {
        var labels = new ConnectionLabels([new() { Key = "program", Value = "x", Source = Source.Claimed }]);
        TargetInfo usual = new(TargetKind.Server, labels, []) { OpenConnections = 0 };
        string[] without = Print([usual]);
        string[] with = Print([usual, usual with { Weight = 7, IsDraining = true, OpenConnections = 3 }]);

        Assert.That(without, Has.None.Contains("STATE"));
        Assert.That(with, Has.One.Contains("STATE"));
        foreach (string word in new[] { "drains", "weight 7", "3 open" })
        {
            Assert.That(with, Has.One.Contains(word));
        }
    }

    private static string[] Print(TargetInfo[] targets, int width = 160)
    {
        using var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = width;
        console.Write(TargetTable.Make(targets));
        return text.ToString().Split('\n');
    }

    private static int At(string line, string words) => line.IndexOf(words, StringComparison.Ordinal);
}
