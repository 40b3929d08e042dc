// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Connections;
using Flower.Protocol.V1;
using NUnit.Framework;
using Spectre.Console;

namespace Flower.Tests.Connections;

/// <summary>What <c>flower top</c> shows, and in which order.</summary>
public sealed class TopViewTests
{
    private static readonly ObservedConnection[] Three =
    [
        See(1, age: 1000, toClient: 5, "zebra"),
        See(2, age: 3000, toClient: null, "apple"),
        See(3, age: 2000, toClient: 7, "mango"),
    ];

    [Test]
    public void Sort_AtFirst_ByAgeFromTheOldest() =>
        Assert.That(Ids(new TopView().Sort(Three)), Is.EqualTo(new ulong[] { 2, 3, 1 }));

    [TestCase("r", new ulong[] { 1, 3, 2 })]
    [TestCase(">>", new ulong[] { 3, 1, 2 })]
    [TestCase(">>r", new ulong[] { 2, 1, 3 })]
    [TestCase("<<<", new ulong[] { 2, 3, 1 })]
    [TestCase("<<<r", new ulong[] { 1, 3, 2 })]
    [TestCase("<>?x", new ulong[] { 2, 3, 1 })]
    [TestCase("<<<<<<<<<<<", new ulong[] { 2, 3, 1 })]
    public void Press_Keys_ChooseColumnAndOrder(string keys, ulong[] ids)
    {
        var view = new TopView();
        foreach (char key in keys)
        {
            Assert.That(view.Press(new(key, ConsoleKey.None, false, false, false)), Is.True);
        }

        Assert.That(Ids(view.Sort(Three)), Is.EqualTo(ids));
    }

    [Test]
    public void Press_ArrowsAndEnds_AreUnderstood()
    {
        var view = new TopView();
        Assert.That(view.Press(new('\0', ConsoleKey.LeftArrow, false, false, false)), Is.True);
        Assert.That(view.Press(new('\0', ConsoleKey.RightArrow, false, false, false)), Is.True);
        Assert.That(Ids(view.Sort(Three)), Is.EqualTo(new ulong[] { 2, 3, 1 }));
        Assert.That(view.Press(new('q', ConsoleKey.Q, false, false, false)), Is.False);
        Assert.That(view.Press(new('\e', ConsoleKey.Escape, false, false, false)), Is.False);
    }

    [TestCase(250)]
    [TestCase(132)]
    [TestCase(80)]
    [TestCase(60)]
    public void Draw_MoreThanThereIsRoomFor_OneLineEachAndSaid(int width)
    {
        using var output = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new()
        {
            Ansi = AnsiSupport.No,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(output),
        });
        console.Profile.Width = width;

        console.Write(new TopView().Draw(Three, 2, width));

        string text = output.ToString();
        Assert.That(text, Does.StartWith("3 connections, of which 2 are shown"));
        Assert.That(text, Does.Contain("the state of 3 of 3 connections is unknown"));
        string[] lines = [.. text.Split('\n').SkipWhile(line => !line.Contains("CLIENT", StringComparison.Ordinal))];
        Assert.That(lines[0], Does.Contain("AGE"), "by which it is sorted");
        string[] rows = [.. lines.SkipWhile(line => !line.Contains("──", StringComparison.Ordinal)).Skip(1)
            .Where(line => line.Trim().Length > 0)];
        Assert.That(rows, Has.Length.EqualTo(2), text);
        Assert.That(rows[0], Does.Contain("apple 42").And.Contain("3s"));
        Assert.That(rows.Select(row => row.Length), Has.All.AtMost(width));
    }

    [Test]
    public void Draw_NarrowTerminal_KeepsPidsWhole()
    {
        using var output = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = 80;
        ObservedConnection seen = See(1, 1000, toClient: 123456, "flower-of-15-ch");
        seen = seen with
        {
            Client = seen.Client with { Holders = [4194303, 5] },
            Target = seen.Target with { Holders = [4194304] },
            Tcp = new(1, 2, 3, 4),
        };

        console.Write(new TopView().Draw([seen], 1, 80));

        string text = output.ToString();
        Assert.That(text, Does.Contain("… 4194303 +1 ").And.Contain("… 4194304 "));
        Assert.That(text.Split('\n').Select(line => line.Length), Has.All.AtMost(80), text);
    }

    private static ulong[] Ids(IEnumerable<ObservedConnection> connections) => [.. connections.Select(seen => seen.Info.Id)];

    private static ObservedConnection See(ulong id, ulong age, long? toClient, string command)
    {
        var info = new ConnectionInfo(new LiveConnection
        {
            Id = id,
            AgeMs = age,
            ClientLabels = { new Label { Key = "long", Value = string.Concat(Enumerable.Repeat("日本", 80)), Source = Source.Claimed } },
        });
        var side = new SeenSide(new(42, 0), [], command);
        return new ObservedConnection(info, side, side) { ToClient = toClient };
    }
}
