// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>What the doctor finds: on the way to a switchboard, on it, and where it is not one.</summary>
public sealed class DoctorTests : EndToEndTest
{
    [Test]
    public async Task Doctor_AllIsWell_HasNoProblem()
    {
        (int code, Dictionary<string, JsonElement> found) = await AskAsync();

        Assert.That(code, Is.Zero);
        Assert.That(Text(found, "address"), Does.Contain(Board.Handle).And.Contain("from FLOWER_SWITCHBOARD"));
        Assert.That(Text(found, "listener"), Does.Contain($"process {Board.Daemon.Id}"));
        Assert.That(Text(found, "rights"), Does.Contain("client-connect").And.Contain("list").And.Not.Contain("tap"));
        Assert.That(Text(found, "labels"), Is.EqualTo("in: none; out: none"));
        Assert.That(Text(found, "version"), Does.EndWith("as this program"));
        Assert.That(Text(found, "grpc-door"), Does.StartWith(Board.Admin));
        Assert.That(found, Does.ContainKey("its-descriptors").And.ContainKey("kernel"));
        Assert.That(found.Values.Select(f => f.GetProperty("verdict").GetString()), Has.None.EqualTo("problem"));

        // It lets go of the handle that it made.
        FlowerProcess handles = Board.Flower("handles", "--json");
        Assert.That(await handles.ExitAsync(), Is.Zero);
        Assert.That(handles.Out.ToString(), Does.Not.Contain("doctor-"));
    }

    [Test]
    public async Task Doctor_InheritedHandleThatWasNarrowed_TellsItsRightsAndLabels()
    {
        FlowerProcess run = Board.Flower(
            "run", "--right", "client-connect", "--in", "tenant=a", "--out", "tenant=b +zone", "--", Programs.Flower, "doctor", "--json");
        (int code, Dictionary<string, JsonElement> found) = await ReadAsync(run);

        Assert.That(code, Is.Zero);
        Assert.That(Text(found, "address"), Does.StartWith("fd:"));
        Assert.That(Text(found, "rights"), Is.EqualTo("client-connect"));
        Assert.That(Text(found, "labels"), Is.EqualTo("in: tenant=a; out: tenant=b +zone"));
        Assert.That(Text(found, "version"), Does.Contain("right LIST"));
    }

    [Test]
    public async Task Doctor_InABox_BeginsWithTheAnswer()
    {
        Programs.Require("bwrap");
        FlowerProcess run = Board.Flower(["run", "--no-network", .. BoxTest.Shown, "--", Programs.Flower, "doctor", "--json"]);
        (int code, Dictionary<string, JsonElement> found) = await ReadAsync(run);

        Assert.That(code, Is.Zero);
        Assert.That(found.Keys.Take(2), Is.EqualTo(new[] { "address", "answer" }));
        Assert.That(Text(found, "rights"), Does.Contain("list"));
    }

    [Test]
    public async Task Doctor_NothingThere_SaysHowToStartOne()
    {
        (int code, Dictionary<string, JsonElement> found) = await AskAsync("--switchboard", "unix:/no/where");

        Assert.That(code, Is.EqualTo(1));
        Assert.That(Text(found, "address"), Does.EndWith("from --switchboard"));
        AssertProblem(found, "socket", "start one with: flower switchboard");
        Assert.That(found, Does.Not.ContainKey("answer").And.ContainKey("kernel"));
    }

    [Test]
    public async Task Doctor_RegularFile_IsNoSocket()
    {
        string path = Path.Combine(Board.Folder, "file");
        await File.WriteAllTextAsync(path, "");

        (int code, Dictionary<string, JsonElement> found) = await AskAsync("--switchboard", path);

        Assert.That(code, Is.EqualTo(1));
        Assert.That(Text(found, "socket"), Does.Contain("is a regular file, and no socket"));
        AssertProblem(found, "socket", "--switchboard");
    }

    [Test]
    public async Task Doctor_DoorForGrpc_IsNotTheRightOne()
    {
        (int code, Dictionary<string, JsonElement> found) = await AskAsync("--switchboard", Board.Admin);

        Assert.That(code, Is.EqualTo(1));
        AssertProblem(found, "listener", "--listen");
    }

    [Test]
    public async Task Doctor_NoAddress_IsAProblem()
    {
        (int code, Dictionary<string, JsonElement> found) = await AskAsync("--switchboard", "nowhere");

        Assert.That(code, Is.EqualTo(1));
        Assert.That(Text(found, "address"), Does.Contain("is not a switchboard's address"));
    }

    [Test]
    public async Task Doctor_DescriptorIsNotOpen_IsAProblem()
    {
        (int code, Dictionary<string, JsonElement> found) = await AskAsync("--switchboard", "fd:99");

        Assert.That(code, Is.EqualTo(1));
        Assert.That(Text(found, "answer"), Does.Contain("the descriptor is not open"));
    }

    [Test]
    public async Task Doctor_SwitchboardIsStopped_NamesItAndEnds()
    {
        Board.Daemon.Signal(Signum.SIGSTOP);
        try
        {
            (int code, Dictionary<string, JsonElement> found) = await AskAsync();

            Assert.That(code, Is.EqualTo(1));
            Assert.That(Text(found, "answer"), Does.Contain($"process {Board.Daemon.Id}").And.Contain("is stopped"));
            AssertProblem(found, "answer", $"kill -CONT {Board.Daemon.Id}");
        }
        finally
        {
            Board.Daemon.Signal(Signum.SIGCONT);
        }
    }

    [TestCase("\u001b[31mproblem  \u001b[0msocket", "TERM=xterm")]
    [TestCase("problem  socket", "TERM=dumb")]
    [TestCase("problem  socket", "TERM=xterm", "NO_COLOR=1")]
    [TestCase("\u001b[31mproblem  \u001b[0msocket", "NO_COLOR=1", "--color=always")]
    [TestCase("problem  socket", "TERM=xterm", "--color=never")]
    public async Task Doctor_OnATerminal_IsForPeople(string words, params string[] settings)
    {
        string[] variables = [.. settings.Where(word => word[0] != '-')];
        FlowerProcess doctor = Board.Program(
            Programs.Require("python3"),
            [
                Programs.OnTerminal, Programs.Require("env"), "-u", "NO_COLOR", .. variables, Programs.Flower, "doctor",
                "--switchboard", "/no/where", .. settings.Except(variables),
            ]);

        Assert.That(await doctor.ExitAsync(), Is.Zero, doctor.Error.ToString());
        Assert.That(doctor.Out.ToString(), Does.Contain($"{words}           no switchboard at /no/where"));
        Assert.That(doctor.Out.Lines[^1], Is.EqualTo("exit 1"));
    }

    [Test]
    public async Task Doctor_NothingOpensForTheUser_SaysWhoseItIs()
    {
        if (Syscall.geteuid() != 0)
        {
            Assert.Ignore("only root can start processes of other users");
        }

        // The folder is root's with mode 0700: first that, then the socket.
        await AssertOtherUserAsync("socket", "a folder above it is closed", "ask its owner");
        File.SetUnixFileMode(
            Board.Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        await AssertOtherUserAsync("socket", "is closed to uid 61001", "ask its owner for a grant");
        File.SetUnixFileMode(Board.Handle, (UnixFileMode)0x1b6);
        await AssertOtherUserAsync("answer", "uid 61001 has no grant", "ask the switchboard's owner for a grant");
    }

    private async Task AssertOtherUserAsync(string check, string text, string advice)
    {
        FlowerProcess doctor = Board.Program(
            Programs.Require("setpriv"), "--reuid", "61001", "--regid", "61001", "--clear-groups", "--", Programs.Flower, "doctor");
        (int code, Dictionary<string, JsonElement> found) = await ReadAsync(doctor);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(Text(found, check), Does.Contain(text));
        AssertProblem(found, check, advice);
    }

    private Task<(int Code, Dictionary<string, JsonElement> Found)> AskAsync(params string[] args) =>
        ReadAsync(Board.Flower(["doctor", .. args]));

    // By check: of the kernel's, which may have several, the first.
    private static async Task<(int Code, Dictionary<string, JsonElement> Found)> ReadAsync(FlowerProcess doctor)
    {
        int code = await doctor.ExitAsync();
        Assert.That(doctor.Error.Lines, Is.Empty);
        var found = new Dictionary<string, JsonElement>();
        foreach (string line in doctor.Out.Lines)
        {
            JsonElement finding = JsonDocument.Parse(line).RootElement;
            found.TryAdd(finding.GetProperty("check").GetString()!, finding);
        }

        return (code, found);
    }

    private static string Text(Dictionary<string, JsonElement> found, string check) =>
        found[check].GetProperty("text").GetString()!;

    private static void AssertProblem(Dictionary<string, JsonElement> found, string check, string advice)
    {
        Assert.That(found[check].GetProperty("verdict").GetString(), Is.EqualTo("problem"));
        Assert.That(found[check].GetProperty("advice").GetString(), Does.Contain(advice));
    }
}
