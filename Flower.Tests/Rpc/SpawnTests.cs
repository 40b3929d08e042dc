// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>Children of this process: what they get, how they end, and that nothing of them stays.</summary>
[NonParallelizable]
internal sealed class SpawnTests
{
    // Numbers of two digits are nothing that every shell can redirect.
    private const string Writes = "import os, sys\nfor number, word in zip(sys.argv[1::2], sys.argv[2::2]):\n"
        + "    os.write(int(number), word.encode())";

    private const string Lists = "import os\nfor number in os.listdir('/proc/self/fd'):\n"
        + "    try: print(number, os.readlink('/proc/self/fd/' + number))\n    except OSError: pass";

    private DescriptorLedger _ledger = null!;
    private EventLoop _loop = null!;

    [SetUp]
    public void StartLoop()
    {
        _ledger = new();
        _loop = new("test-children", null);
    }

    [TearDown]
    public void EndLoop()
    {
        _loop.Dispose();
        _ledger.AssertBalanced();
    }

    [Test]
    public async Task Start_Descriptors_ChildSeesThemAndTheStandardOnesOnly()
    {
        (Descriptor mine, Descriptor its) = UnixSocket.StreamPair();
        using Descriptor _ = mine;

        ChildProcess child = Start("python3", ["-c", Lists], its, 1);
        its.Dispose();

        // Whoever runs the tests may leak plain files into them; what we open are sockets and the like.
        string[] seen = (await ReadAllAsync(mine)).TrimEnd('\n').Split('\n');
        Assert.That(seen, Has.Some.StartsWith("1 socket:"));
        Assert.That(
            seen.Where(file => file is not ['0' or '1' or '2', ' ', ..] && !file.Contains(" pipe:") && file.Contains(":[")),
            Is.Empty);
        Assert.That((await child.Exited.Soon()).ToString(), Is.EqualTo("exited with 0"));
    }

    [Test]
    public async Task Start_NumbersCrossed_EachHasItsOwn()
    {
        (Descriptor one, Descriptor itsOne) = UnixSocket.StreamPair();
        (Descriptor two, Descriptor itsTwo) = UnixSocket.StreamPair();
        using Descriptor first = one, second = two;
        var start = new ProgramStart
        {
            Program = "python3",
            Arguments = ["-c", Writes, Number(itsTwo), "one", Number(itsOne), "two"],
            Descriptors = [new(itsOne, int.Parse(Number(itsTwo))), new(itsTwo, int.Parse(Number(itsOne)))],
        };
        ChildProcess child = Spawn.Start(start, _loop);
        itsOne.Dispose();
        itsTwo.Dispose();

        Assert.That(await ReadAllAsync(one), Is.EqualTo("one"));
        Assert.That(await ReadAllAsync(two), Is.EqualTo("two"));
        Assert.That((await child.Exited.Soon()).IsSuccess, Is.True);
    }

    [Test]
    public async Task Start_NumberIsTheSourcesOwn_ChildHasIt()
    {
        (Descriptor mine, Descriptor its) = UnixSocket.StreamPair();
        using Descriptor _ = mine;
        ChildProcess child = Start("python3", ["-c", Writes, Number(its), "here"], its, int.Parse(Number(its)));
        its.Dispose();

        Assert.That(await ReadAllAsync(mine), Is.EqualTo("here"));
        Assert.That((await child.Exited.Soon()).IsSuccess, Is.True);
    }

    [Test]
    public async Task Start_SignalsOfTheChild_AreAtTheirDefault()
    {
        (Descriptor mine, Descriptor its) = UnixSocket.StreamPair();
        using Descriptor _ = mine;
        ChildProcess child = Start("cat", ["/proc/self/status"], its, 1);
        its.Dispose();

        // 32 and 33 are the C library's own, which its posix_spawn always sets to be ignored.
        string[] lines = (await ReadAllAsync(mine)).Split('\n');
        ulong[] sets = [.. new[] { "SigBlk:", "SigIgn:" }
            .Select(name => lines.Single(line => line.StartsWith(name, StringComparison.Ordinal)))
            .Select(line => Convert.ToUInt64(line[7..].Trim(), 16) & ~(3UL << 31))];
        Assert.That(sets, Is.All.Zero);
        Assert.That((await child.Exited.Soon()).IsSuccess, Is.True);
    }

    [Test]
    public async Task Start_Environment_IsTheWholeOne()
    {
        (Descriptor mine, Descriptor its) = UnixSocket.StreamPair();
        using Descriptor _ = mine;
        ChildProcess child = Spawn.Start(
            new()
            {
                Program = "env",
                Environment = new Dictionary<string, string> { ["A"] = "b=c\nd", ["Ü"] = "ñ" },
                Descriptors = [new(its, 1)],
            },
            _loop);
        its.Dispose();

        Assert.That(await ReadAllAsync(mine), Is.EqualTo("A=b=c\nd\nÜ=ñ\n"));
        await child.Exited.Soon();
    }

    [TestCase("exit 0", 0, 0, "exited with 0")]
    [TestCase("exit 42", 42, 0, "exited with 42")]
    [TestCase("kill -KILL $$", 0, 9, "killed by SIGKILL")]
    [TestCase("kill -40 $$", 0, 40, "killed by signal 40")]
    public async Task Exited_EachWay_IsTold(string script, int code, int signal, string words)
    {
        ChildProcess child = Spawn.Start(new() { Program = "sh", Arguments = ["-c", script] }, _loop);

        ExitStatus status = await child.Exited.Soon();

        Assert.That(status, Is.EqualTo(new ExitStatus(code, signal)));
        Assert.That(status.ShellCode, Is.EqualTo(signal == 0 ? code : 128 + signal));
        Assert.That(status.ToString(), Is.EqualTo(words));
        Assert.That(Directory.Exists($"/proc/{child.Id}"), Is.False, "a zombie is left");
        Assert.That(child.Signal(15), Is.False);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Signal_Running_EndsIt(bool ownGroup)
    {
        ChildProcess child = Spawn.Start(
            new() { Program = "sleep", Arguments = ["60"], OwnProcessGroup = ownGroup }, _loop);

        Assert.That(child.Signal(15), Is.True);

        Assert.That(await child.Exited.Soon(), Is.EqualTo(new ExitStatus(0, 15)));
    }

    [Test]
    public async Task Start_Many_AllAreReaped()
    {
        ChildProcess[] children = [.. Enumerable.Range(0, 100).AsParallel().Select(i => Spawn.Start(
            new() { Program = "sh", Arguments = ["-c", $"exit {i}"] }, _loop))];

        ExitStatus[] all = await Task.WhenAll(children.Select(child => child.Exited)).Soon();

        Assert.That(all.Select(status => status.Code).Order(), Is.EqualTo(Enumerable.Range(0, 100)));
        Assert.That(children.Where(child => Directory.Exists($"/proc/{child.Id}")), Is.Empty);
    }

    [TestCase("/nonexistent/program", "ENOENT")]
    [TestCase("nonexistent-program", "ENOENT")]
    [TestCase("/etc/passwd", "EACCES")]
    [TestCase("/etc", "EACCES")]
    public void Start_NoProgram_SaysWhy(string program, string error)
    {
        FlowerSocketException? failure = Assert.Throws<FlowerSocketException>(
            () => Spawn.Start(new() { Program = program }, _loop));

        Assert.That(failure!.Name, Is.EqualTo(error));
        Assert.That(Errno.NameOf(Exec.Probe(program)), Is.EqualTo(error));
    }

    [TestCase("sh")]
    [TestCase("/bin/sh")]
    public void Probe_Program_IsFound(string program) => Assert.That(Exec.Probe(program), Is.Zero);

    [Test]
    public void Start_ArgumentsTooLarge_SaysSo()
    {
        FlowerSocketException? failure = Assert.Throws<FlowerSocketException>(
            () => Spawn.Start(new() { Program = "true", Arguments = [new string('x', 1 << 20)] }, _loop));

        Assert.That(failure!.Name, Is.EqualTo("E2BIG"));
    }

    [Test]
    public void Start_NulInAnArgument_IsRefused() => Assert.Throws<ArgumentException>(
        () => Spawn.Start(new() { Program = "true", Arguments = ["a\0b"] }, _loop));

    private static string Number(Descriptor descriptor) => descriptor.DangerousGetHandle().ToString();

    private static async Task<string> ReadAllAsync(Descriptor socket)
    {
        using Descriptor copy = socket.Duplicate();
        using var stream = new System.Net.Sockets.NetworkStream(
            new System.Net.Sockets.Socket(copy.ToSocketHandle()), ownsSocket: true);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync().Soon();
    }

    private ChildProcess Start(string program, string[] arguments, Descriptor descriptor, int number) => Spawn.Start(
        new() { Program = program, Arguments = arguments, Descriptors = [new(descriptor, number)] }, _loop);
}
