// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower connect</c>, which becomes the command, or hands the connection on.</summary>
public sealed class ConnectCommandTests : EndToEndTest
{
    private const string Echo = "service=echo";

    private const string Receives = "import os, socket, subprocess, sys\n"
        + "ours, theirs = socket.socketpair()\n"
        + "child = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs)\n"
        + "theirs.close()\n"
        + "data, fds, flags, _ = socket.recv_fds(ours, 16, 4)\n"
        + "print(data, len(fds), child.wait(), ours.recv(1))\n"
        + "connection = socket.socket(fileno=fds[0])\n"
        + "print(connection.getblocking() and not os.get_blocking(fds[0]))\n"
        + "connection.sendall(b'through python')\n"
        + "connection.shutdown(socket.SHUT_WR)\n"
        + "print(connection.makefile('rb').read())";

    [TestCase("exit 0", 0)]
    [TestCase("exit 42", 42)]
    [TestCase("kill -KILL $$", 137)]
    [TestCase("kill -TERM $$", 143)]
    public async Task Connect_CommandEnds_ItsEndIsOurs(string script, int code)
    {
        await ServeAsync();

        FlowerProcess connect = Board.Flower("connect", Echo, "--", "sh", "-c", script);

        Assert.That(await connect.ExitAsync(), Is.EqualTo(code));
        Assert.That(connect.Error.Lines, Is.Empty);
    }

    [Test]
    public async Task Connect_Command_IsThisProcessWithTheSocket()
    {
        await ServeAsync();

        FlowerProcess connect = Board.Flower(
            "connect", Echo, "color=red", "--", "sh", "-c",
            "echo over the board; read -r line; echo $line $$ $FLOWER_LABEL_COLOR $FLOWER_LABEL_SERVICE \"$1\" >&2",
            "sh", "--help");

        Assert.That(await connect.ExitAsync(), Is.Zero);
        Assert.That(connect.Error.Lines, Is.EqualTo(new[] { $"over the board {connect.Id} red echo --help" }));
        Assert.That(connect.Out.Lines, Is.Empty);
    }

    [TestCase(3)]
    [TestCase(9)]
    public async Task Connect_Fd_KeepsInputAndOutput(int number)
    {
        await ServeAsync();
        FlowerProcess connect = Board.Flower(
            "connect", "--fd", number.ToString(CultureInfo.InvariantCulture), Echo, "--", "sh", "-c",
            $"read -r line; echo $line >&{number}; read -r back <&{number}; echo back: $back");

        await connect.WriteLineAsync("from standard input");

        Assert.That(await connect.ExitAsync(), Is.Zero);
        Assert.That(connect.Out.Lines, Is.EqualTo(new[] { "back: from standard input" }));
    }

    [Test]
    public async Task Connect_Command_HasNothingElseOfOurs()
    {
        string python = Programs.Require("python3");
        await ServeAsync();
        FlowerProcess connect = Board.Program(
            python, "-c", "import os, sys; os.closerange(3, 4096); os.execv(sys.argv[1], sys.argv[1:])",
            Programs.Flower, "connect", "--fd", "5", Echo, "--", "cat", "/proc/self/status",
            "/proc/self/fdinfo/5");

        Assert.That(await connect.ExitAsync(), Is.Zero);
        string ignored = connect.Out.Lines.Single(line => line.StartsWith("SigIgn:", StringComparison.Ordinal));
        Assert.That(Convert.ToUInt64(ignored[^16..], 16) & (1UL << 12), Is.Zero, "SIGPIPE is ignored");

        // fdinfo: O_RDWR and nothing else, so neither O_NONBLOCK nor O_CLOEXEC.
        Assert.That(connect.Out.Lines, Does.Contain("flags:\t02"));
        FlowerProcess list = Board.Program(
            python, "-c", "import os, sys; os.closerange(3, 4096); os.execv(sys.argv[1], sys.argv[1:])",
            Programs.Flower, "connect", "--fd", "5", Echo, "--", "ls", "/proc/self/fd");
        Assert.That(await list.ExitAsync(), Is.Zero);

        // 3 is the directory that it lists.
        Assert.That(list.Out.Lines, Is.EqualTo(new[] { "0", "1", "2", "3", "5" }));
    }

    [Test]
    public async Task Connect_WaitBeforeTheServer_IsConnectedWhenItIsThere()
    {
        FlowerProcess connect = Board.Flower(
            "connect", "--wait", "30s", Echo, "--", "sh", "-c", "echo in; read -r x; echo $x >&2");
        await ServeAsync();

        Assert.That(await connect.ExitAsync(), Is.Zero);
        Assert.That(connect.Error.Lines, Is.EqualTo(new[] { "in" }));
    }

    [TestCase("69", "deadline has passed", "--wait", "200ms", Echo, "--", "true")]
    [TestCase("69", "deadline has passed", "--wait", "1m", "-w", "200ms", Echo, "--", "true")]
    [TestCase("69", "nothing matches", Echo, "--", "true")]
    [TestCase("127", "no-such-program: command not found", Echo, "--", "no-such-program")]
    [TestCase("127", "/no/such: no such file", Echo, "--", "/no/such")]
    [TestCase("126", "/etc: permission denied", Echo, "--", "/etc")]
    [TestCase("64", "give the command to run", Echo)]
    [TestCase("64", "--fd wants a number", "--fd", "-1", Echo, "--", "true")]
    [TestCase("64", "standard output is no Unix socket", "--fdpass", Echo)]
    [TestCase("64", "give no command", "--fdpass", Echo, "--", "true")]
    public async Task Connect_Fails_SaysWhy(string code, string words, params string[] args)
    {
        FlowerProcess connect = Board.Flower(["connect", .. args]);

        Assert.That(await connect.ExitAsync(), Is.EqualTo(int.Parse(code, CultureInfo.InvariantCulture)));
        Assert.That(connect.Error.Lines.Single(), Does.StartWith("flower connect: ").And.Contains(words));
    }

    [Test]
    public async Task Connect_FdPass_SendsTheSocketWithOneByte()
    {
        await ServeAsync();

        FlowerProcess python = Board.Program(
            Programs.Require("python3"), "-c", Receives, Programs.Flower, "connect", "--fdpass", Echo);

        Assert.That(await python.ExitAsync(), Is.Zero, python.Error.ToString());
        Assert.That(
            python.Out.Lines, Is.EqualTo(new[] { "b'\\x00' 1 0 b''", "False", "b'through python'" }));
    }

    private Task<FlowerProcess> ServeAsync() => Board.FlowerReadyAsync("serve", Echo, "--", "cat");
}
