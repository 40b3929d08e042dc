// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Connections;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using NUnit.Framework;
using Spectre.Console;

namespace Flower.Tests.Connections;

/// <summary><c>flower connections</c> on a terminal.</summary>
public sealed class ConnectionTableTests
{
    [Test]
    public void Make_NarrowTerminal_KeepsNumbersAndWordsWhole()
    {
        var tcp = new TcpMeasures(123456, 42, 12345678, 87654321);
        string[] lines = Print(See("flower-of-15-ch", isRevocable: true, new string('x', 300), tcp, id: 1234567, 4194304, 5, 6));

        string client = lines.Single(line => line.Contains("client", StringComparison.Ordinal));
        string target = lines.Single(line => line.Contains("target", StringComparison.Ordinal));
        Assert.That(client, Does.Contain("1234567").And.Contain("half-closed").And.Contain("4194303 ").And.Contain("654321"));
        Assert.That(target, Does.Contain("4194304 +2").And.Contain("rtt 123456 µs"));
        foreach (string words in new[] { "revocable", "sent 12345678", "received 87654321", "resent 42" })
        {
            Assert.That(lines, Has.One.Contains(words), string.Join('\n', lines));
        }

        Assert.That(lines.Select(line => line.TrimEnd().Length), Has.All.AtMost(80), string.Join('\n', lines));
    }

    [Test]
    public void Make_UsualConnection_OneLineForEachSide()
    {
        string[] lines = Print(See("flower", isRevocable: false, "hello", tcp: null, id: 17, 4194304));

        string text = string.Join('\n', lines);
        Assert.That(lines, Has.One.Match("^ +17 +24h +half-closed +client +4194303 +flower +program=hello +654321 *$"), text);
        Assert.That(lines, Has.One.Match("^ +target +4194304 +flower +program=hello +0 *$"), text);
    }

    private static ObservedConnection See(string command, bool isRevocable, string value, TcpMeasures? tcp, ulong id, params int[] holders)
    {
        var label = new Label { Key = "program", Value = value, Source = Source.Claimed };
        var info = new ConnectionInfo(new LiveConnection
        {
            Id = id,
            AgeMs = 86_400_000,
            Revocable = isRevocable,
            ClientLabels = { label },
            TargetLabels = { label },
        });
        return new ObservedConnection(
            info, new(new(4194303, 0), [], command), new(new(1, 0), holders, command))
        {
            State = "half-closed",
            ToClient = 654321,
            ToTarget = 0,
            Tcp = tcp,
        };
    }

    private static string[] Print(ObservedConnection connection)
    {
        using var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = 80;
        console.Write(ConnectionTable.Make([connection]));
        return text.ToString().Split('\n');
    }
}
