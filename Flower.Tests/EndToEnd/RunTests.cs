// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower run</c>, which becomes a command that has a narrower handle.</summary>
public sealed class RunTests : EndToEndTest
{
    private const string Echo = "service=echo";

    // Without what the test's own process inherited.
    private const string Clean =
        "import os, sys; os.closerange(3, 4096); os.execv(sys.argv[1], sys.argv[1:])";

    [TestCase("exit 0", 0)]
    [TestCase("exit 42", 42)]
    [TestCase("kill -KILL $$", 137)]
    [TestCase("kill -TERM $$", 143)]
    public async Task Run_CommandEnds_ItsEndIsOurs(string script, int code)
    {
        FlowerProcess run = Board.Flower("run", "--", "sh", "-c", script);

        Assert.That(await run.ExitAsync(), Is.EqualTo(code));
        Assert.That(run.Error.Lines, Is.Empty);
    }

    [Test]
    public async Task Run_Signal_ReachesTheCommand()
    {
        FlowerProcess run = Board.Flower(
            "run", "--", "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done");
        await run.Out.AwaitLineAsync("ready");

        run.Signal(Signum.SIGTERM);

        Assert.That(await run.ExitAsync(), Is.EqualTo(9));
    }

    [Test]
    public async Task Run_Command_IsThisProcessWithTheHandleAndNothingElse()
    {
        FlowerProcess run = Board.Program(
            Programs.Require("python3"), "-c", Clean, Programs.Flower, "run", "--", "sh", "-c",
            "echo $$ $FLOWER_SWITCHBOARD $1; ls /proc/$$/fd", "sh", "--help");

        Assert.That(await run.ExitAsync(), Is.Zero, run.Error.ToString());
        string[] descriptors = ["0", "1", "2", "3"];
        Assert.That(run.Out.Lines, Is.EqualTo(descriptors.Prepend($"{run.Id} fd:3 --help")));
    }

    [Test]
    public async Task Run_InheritedDescriptor_KeepsItsNumber()
    {
        FlowerProcess run = Board.Program(
            Programs.Require("python3"), "-c",
            Clean.Replace(
                "os.execv", "os.set_inheritable(os.open('/etc/passwd', 0), True); os.execv", StringComparison.Ordinal),
            Programs.Flower, "run", "--", "sh", "-c", "read -r line <&3; echo $FLOWER_SWITCHBOARD $line");

        Assert.That(await run.ExitAsync(), Is.Zero, run.Error.ToString());
        Assert.That(run.Out.Lines.Single(), Does.StartWith("fd:4 root:"));
    }

    [Test]
    public async Task Run_OutLabels_CommandReachesNothingElse()
    {
        await Board.FlowerReadyAsync("serve", Echo, "tenant=blue", "--", "echo", "blue");
        await Board.FlowerReadyAsync("serve", Echo, "tenant=red", "--", "echo", "red");

        FlowerProcess run = RunFlower(
            ["--out", "tenant=blue"],
            "f cat -d service=echo; f cat -d tenant=red; echo $?; f cat -d '{\"tenant\":\"blue\"}'; f ls");

        Assert.That(await run.ExitAsync(), Is.Zero, run.Error.ToString());
        Assert.That(run.Out.Lines.Take(3), Is.EqualTo(new[] { "blue", "77", "blue" }));
        Assert.That(run.Out.Lines.Skip(3).Single(), Does.Contain("\"tenant\":\"blue\""), "what ls shows");
        Assert.That(run.Error.Lines.Single(), Does.Contain("'tenant' contradicts the labels of this handle"));
    }

    [Test]
    public async Task Run_InLabels_AreOnWhatTheCommandRegisters()
    {
        await Board.FlowerReadyAsync(
            "run", "--in", "tenant=blue zone=a", "--in", "{\"note\":\"a b\"}", "--", Programs.Flower,
            "cat", "-l", "service=x");
        FlowerProcess list = Board.Flower("ls", "service=x");

        Assert.That(await list.ExitAsync(), Is.Zero);
        Assert.That(
            list.Out.Lines.Single(),
            Does.Contain("\"tenant\":\"blue\"").And.Contain("\"zone\":\"a\"").And.Contain("\"note\":\"a b\""));
    }

    [Test]
    public async Task Run_Rights_TheOthersAreDenied()
    {
        await Board.FlowerReadyAsync("serve", Echo, "--", "echo", "here");

        FlowerProcess run = RunFlower(
            ["--right", "CLIENT_CONNECT,resolver-start"], $"f cat -d {Echo}; f ls; echo $?; f cat -l a=1; echo $?");

        Assert.That(await run.ExitAsync(), Is.Zero);
        Assert.That(run.Out.Lines, Is.EqualTo(new[] { "here", "77", "77" }));
        Assert.That(run.Error.ToString(), Does.Contain("lacks the right LIST").And.Contain("SERVER_START"));
    }

    [Test]
    public async Task Run_WithinRun_NarrowsAgainAndLeavesTheWiderHandleBehind()
    {
        await Board.FlowerReadyAsync("serve", Echo, "--", "echo", "here");
        const string Inner = "echo $FLOWER_SWITCHBOARD; f cat -d service=echo; f ls; ls /proc/$$/fd";

        // Asked for nothing, it gives what is there; asked for more, it refuses.
        FlowerProcess run = Board.Program(
            Programs.Require("python3"), "-c", Clean, Programs.Flower,
            "run", "--right", "client-connect", "--right", "list", "--", "sh", "-c",
            $"{Function}f run -- {Programs.Flower} run --right client-connect -- sh -c '{Function}{Inner}'; "
            + "f run --right server-start -- true; echo $?");

        Assert.That(await run.ExitAsync(), Is.Zero, run.Error.ToString());
        Assert.That(run.Out.Lines, Is.EqualTo(new[] { "fd:3", "here", "0", "1", "2", "3", "77" }));
        Assert.That(run.Error.Lines[0], Does.Contain("flower ls: this handle lacks the right LIST"));
        Assert.That(run.Error.Lines[1], Is.EqualTo("flower run: this handle lacks the right SERVER_START"));
    }

    [Test]
    public async Task Run_AnotherHandleInTheEnvironment_StaysBehind()
    {
        FlowerProcess run = Board.Program(
            Programs.Require("python3"), "-c", Clean, Programs.Flower, "run", "--", Programs.Flower, "run",
            "--switchboard", Board.Handle, "--right", "list", "--", "sh", "-c",
            "ls /proc/$$/fd; echo $FLOWER_SWITCHBOARD");

        Assert.That(await run.ExitAsync(), Is.Zero, run.Error.ToString());
        Assert.That(run.Out.Lines, Is.EqualTo(new[] { "0", "1", "2", "4", "fd:4" }));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Run_FiftyProcessesShareTheHandle_AllConnectAtOnce(bool boxed)
    {
        const int Count = 50;
        await using LabelServer server = await LabelServer.StartAsync(Board, "served\n", ("service", "echo"));
        string[] options = boxed ? ["--no-network", .. BoxTest.Shown] : [];

        FlowerProcess run = Board.Flower(
            ["run", "--right", "client-connect", "--out", "tenant=blue", .. options, "--",
            Programs.Require("python3"), Programs.SharedHandle, $"{Count}", Echo]);

        Assert.That(await run.ExitAsync(), Is.Zero, run.Error.ToString());
        Assert.That(run.Out.Lines.Count(line => line == "served"), Is.EqualTo(Count));
        Assert.That(server.Visits.Select(visit => visit.Labels["tenant"]), Has.Exactly(Count).EqualTo("blue"));
        string uid = Syscall.geteuid().ToString(CultureInfo.InvariantCulture);
        Assert.That(server.Visits.Select(visit => visit.Labels["flower.client_uid"]), Has.Exactly(Count).EqualTo(uid));
        int[] pids = [.. server.Visits.Select(
            visit => int.Parse(visit.Labels["flower.client_pid"]!, CultureInfo.InvariantCulture))];
        // As the switchboard sees them: in a namespace of their own they would be small, and the same as in every other box.
        Assert.That(pids, Is.Unique.And.All.GreaterThan(100));
    }

    [TestCase("127", "no-such-program: command not found", "--", "no-such-program")]
    [TestCase("126", "/etc: permission denied", "--", "/etc")]
    [TestCase("64", "give the command to run")]
    [TestCase("64", "'a=1' stands before --", "a=1", "--", "true")]
    [TestCase("64", "'fly' is not a right for --right", "--right", "fly", "--", "true")]
    [TestCase("64", "'word' is not a label", "--in", "word", "--", "true")]
    [TestCase("64", "label 'a' is given twice", "--out", "a=1", "--out", "a=2", "--", "true")]
    [TestCase("64", "--bind needs --box or --no-network", "--bind", "/tmp", "--", "true")]
    [TestCase("77", "cannot be stated here", "--in", "flower.server_uid=0", "--", "true")]
    [TestCase("69", "no switchboard at /no/where", "--switchboard", "/no/where", "--", "true")]
    public async Task Run_Fails_SaysWhy(string code, string words, params string[] args)
    {
        FlowerProcess run = Board.Flower(["run", .. args]);

        Assert.That(await run.ExitAsync(), Is.EqualTo(int.Parse(code, CultureInfo.InvariantCulture)));
        Assert.That(run.Error.Lines.Single(), Does.StartWith("flower run: ").And.Contains(words));
    }

    [Test]
    public async Task Run_Verbose_SaysWhatIsNotLimited()
    {
        FlowerProcess run = Board.Flower("run", "-v", "--right", "list", "--out", "a=1", "--", "true");

        Assert.That(await run.ExitAsync(), Is.Zero);
        Assert.That(run.Error.Lines[0], Is.EqualTo("flower run: a handle with list; in: no label; out: a=1"));
        Assert.That(run.Error.Lines[1], Does.Contain("can still open any other socket (--no-network, --box)"));
    }

    private static string Function => $"f() {{ \"{Programs.Flower}\" \"$@\"; }}; ";

    // A shell in which f is flower.
    private FlowerProcess RunFlower(string[] options, string script) =>
        Board.Flower(["run", .. options, "--", "sh", "-c", Function + script]);
}
