// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>What each command says the first time, when nothing runs yet.</summary>
[Category("EndToEnd")]
internal sealed class NoSwitchboardTests
{
    // What each needs to come as far as the switchboard.
    private static readonly Dictionary<string, string[]> Arguments = new(StringComparer.Ordinal)
    {
        ["cat"] = ["a=1"],
        ["connect"] = ["a=1", "--", "true"],
        ["run"] = ["--", "true"],
        ["serve"] = ["a=1", "--", "true"],
        ["activate"] = ["a=1", "--", "true"],
        ["tap"] = ["-A", "a=1"],
        ["revoke"] = ["1"],
        ["weight"] = ["1", "a=1"],
        ["drain"] = ["a=1"],
        ["ingress accept"] = ["127.0.0.1:0", "a=1"],
        ["egress connect"] = ["zone=a"],
        ["resolver dns"] = ["--server", "127.0.0.1"],
    };

    private static IEnumerable<string> Commands() => Packaging.Commands.Leaves(CommandTree.Create())
        .Where(leaf => Packaging.Commands.OptionsOf(leaf.Command).Any(option => option.Name == "--switchboard"))
        .Select(leaf => leaf.Path)
        .Except(["doctor", "top"]);

    [TestCaseSource(nameof(Commands))]
    public async Task Command_NothingRuns_SaysHowToStartOne(string path)
    {
        string nowhere = Path.Combine(Path.GetTempPath(), $"flower-{Guid.NewGuid():N}", "switchboard.sock");
        using var names = new TemporaryNames();
        string[] file = path == "resolver static" ? [names.Path] : [];
        await using FlowerProcess process = FlowerProcess.Start(
            Programs.Flower, [.. path.Split(' '), .. file, .. Arguments.GetValueOrDefault(path, [])], nowhere);

        Assert.That(await process.ExitAsync(), Is.EqualTo(69), process.Error.ToString());
        Assert.That(
            process.Error.Lines.Single(),
            Is.EqualTo($"flower {path.Split(' ')[0]}: no switchboard at {nowhere}: start one with: flower switchboard"));
    }

    [Test]
    public async Task List_OnlyTheSystemsRuns_SaysWhereThatIs()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Assert.Ignore("only root can put something at the system's path, in a namespace of its own");
        }

        await using FlowerProcess process = FlowerProcess.Start(
            Programs.Require("unshare"),
            [
                "--mount", "--", "sh", "-ec",
                "mount -t tmpfs tmpfs /run; mkdir /run/flower; touch /run/flower/switchboard.sock; unset FLOWER_SWITCHBOARD; "
                + $"XDG_RUNTIME_DIR=/run/user/61001 exec setpriv --reuid 61001 --clear-groups -- '{Programs.Flower}' ls",
            ]);

        Assert.That(await process.ExitAsync(), Is.EqualTo(69), process.Error.ToString());
        Assert.That(process.Error.Lines.Single(), Is.EqualTo(
            "flower ls: no switchboard at /run/user/61001/flower/switchboard.sock: start one with: flower switchboard; "
            + "or use the system's: export FLOWER_SWITCHBOARD=unix:/run/flower/switchboard.sock"));
    }

    [Test]
    public async Task Top_NothingRuns_SaysHowToStartOne()
    {
        await using FlowerProcess process = FlowerProcess.Start(
            Programs.Require("python3"), [Programs.OnTerminal, Programs.Flower, "top"], "/no/where");

        Assert.That(await process.ExitAsync(), Is.Zero, process.Error.ToString());
        Assert.That(process.Out.ToString(), Does.Contain("no switchboard at /no/where: start one with: flower switchboard"));
        Assert.That(process.Out.Lines[^1], Is.EqualTo("exit 69"));
    }

    [Test]
    public async Task Web_NothingRuns_SaysHowToStartOne()
    {
        await using FlowerProcess process = FlowerProcess.Start(Programs.Flower, ["web"], "/no/where");

        Assert.That(await process.ExitAsync(), Is.EqualTo(69), process.Error.ToString());
        Assert.That(process.Error.Lines.Single(), Does.Contain("start one with: flower switchboard"));
    }

    private sealed class TemporaryNames : IDisposable
    {
        public TemporaryNames() => File.WriteAllText(Path, """{ "names": {} }""");

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
