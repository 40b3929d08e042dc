// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Flower.Client;
using Flower.Protocol;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>The choices of <c>flower cat</c>, against a server in the test.</summary>
public sealed class CatOptionTests : EndToEndTest
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(300);

    private Handle _handle = null!;
    private Listener _listener = null!;

    [SetUp]
    public async Task Listen()
    {
        _handle = await Board.OpenAsync();
        _listener = await _handle.ListenAsync(LabelSet.ParseWords(["program=test"]));
    }

    [TearDown]
    public async Task Unlisten()
    {
        await _listener.DisposeAsync();
        await _handle.DisposeAsync();
    }

    [TestCase("half-close", true)]
    [TestCase("keep", false)]
    public async Task AtEof_InputEnds_TellsPeerOrNot(string choice, bool told)
    {
        FlowerProcess cat = Board.Flower("cat", "--at-eof", choice, "program=test");
        using Connection peer = await AcceptAsync();
        await cat.WriteLineAsync("last");
        cat.CloseInput();
        Assert.That(Receive(peer.Socket), Is.EqualTo("last\n"));

        Assert.That(peer.Socket.Poll(Moment, SelectMode.SelectRead), Is.EqualTo(told));
        Assert.That(cat.HasExited, Is.False);
        peer.Socket.Send("answer\n"u8);
        await cat.Out.AwaitLineAsync("answer");
        peer.Dispose();

        Assert.That(await cat.ExitAsync(), Is.Zero);
    }

    [Test]
    public async Task AtEofQuit_InputEnds_EndsWhenAllIsSent()
    {
        FlowerProcess cat = Board.Flower("cat", "--at-eof", "quit", "program=test");
        using Connection peer = await AcceptAsync();
        byte[] sent = new byte[3_000_000];
        Task writing = cat.Input.WriteAsync(sent).AsTask();
        Task<int> reading = Task.Run(() => ReceiveAll(peer.Socket));
        await writing.Within();
        cat.CloseInput();

        Assert.That(await reading.Within(), Is.EqualTo(sent.Length));
        Assert.That(await cat.ExitAsync(), Is.Zero);
    }

    [Test]
    public async Task NoStdin_InputEnded_OnlyReceives()
    {
        FlowerProcess cat = Board.Flower("cat", "-d", "program=test");
        cat.CloseInput();
        using Connection peer = await AcceptAsync();

        Assert.That(peer.Socket.Poll(Moment, SelectMode.SelectRead), Is.False, "not half-closed");
        peer.Socket.Send("news\n"u8);
        await cat.Out.AwaitLineAsync("news");
        peer.Dispose();

        Assert.That(await cat.ExitAsync(), Is.Zero);
    }

    [Test]
    public async Task Timeout_NothingMoves_EndsQuietly()
    {
        FlowerProcess cat = Board.Flower("cat", "-w", "1s", "program=test");
        using Connection peer = await AcceptAsync();
        var clock = Stopwatch.StartNew();
        peer.Socket.Send("hello\n"u8);

        Assert.That(await cat.ExitAsync(), Is.Zero);

        Assert.That(clock.Elapsed, Is.GreaterThan(TimeSpan.FromMilliseconds(900)));
        Assert.That(cat.Out.Lines, Is.EqualTo(new[] { "hello" }));
        Assert.That(cat.Error.Lines, Is.Empty);
        Assert.That(ReceiveAll(peer.Socket), Is.Zero);
    }

    [Test]
    public async Task Wait_ServerComesLater_IsConnected()
    {
        FlowerProcess cat = Board.Flower("cat", "-d", "--wait", "20s", "program=later");
        // One that does not wait for so long is told so.
        FlowerProcess impatient = Board.Flower("cat", "-d", "--wait", "100ms", "program=later");
        Assert.That(await impatient.ExitAsync(), Is.EqualTo(69), impatient.Error.ToString());

        await using Listener later = await _handle.ListenAsync(LabelSet.ParseWords(["program=later"]));
        await using IAsyncEnumerator<IncomingConnection> incoming = later.GetAsyncEnumerator();
        Assert.That(await incoming.MoveNextAsync().AsTask().Within(), Is.True);
        using (Connection connection = await incoming.Current.AcceptAsync())
        {
            connection.Socket.Send("now\n"u8);
        }

        Assert.That(await cat.ExitAsync(), Is.Zero, cat.Error.ToString());
        Assert.That(cat.Out.ToString(), Is.EqualTo("now"));
    }

    [Test]
    public async Task Timeout_ServerDoesNotAccept_Exits69()
    {
        await using Listener slow =
            await _handle.ListenAsync(LabelSet.ParseWords(["program=slow"]), new() { Credit = 0 });
        FlowerProcess cat = Board.Flower("cat", "-w", "500ms", "program=slow");

        Assert.That(await cat.ExitAsync(), Is.EqualTo(69));
        Assert.That(cat.Error.Lines, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Cat_PeerNeverReads_TakesLittle()
    {
        FlowerProcess cat = Board.Flower("cat", "program=test");
        using Connection peer = await AcceptAsync();
        int taken = 0;
        Task writing = Task.Run(() =>
        {
            byte[] buffer = new byte[64 * 1024];
            while (taken < 100_000_000)
            {
                cat.Input.Write(buffer);
                taken += buffer.Length;
            }
        });

        await Patience.UntilAsync(async () =>
        {
            int before = Volatile.Read(ref taken);
            await Task.WhenAny(writing, Task.Delay(Moment));
            return before == Volatile.Read(ref taken) && before > 0;
        });

        Assert.That(taken, Is.LessThan(4_000_000));
        cat.Kill();
        Assert.That(async () => await writing.Within(), Throws.InstanceOf<IOException>());
    }

    [Test]
    public async Task Cat_FilesAsInputAndOutput_ArriveWhole()
    {
        string input = Path.Combine(Board.Folder, "in");
        string output = Path.Combine(Board.Folder, "out");
        byte[] bytes = new byte[5_000_000];
        new Random(1).NextBytes(bytes);
        await File.WriteAllBytesAsync(input, bytes);
        await File.WriteAllTextAsync(output, "kept");

        // A file that is open for appending cannot be spliced into; another can.
        foreach (string arrow in new[] { ">>", ">" })
        {
            FlowerProcess server = Shell($"exec {Programs.Flower} cat -l file=1 {arrow}{output}");
            await server.ReadyAsync();
            FlowerProcess client = Shell($"exec {Programs.Flower} cat file=1 <{input}");
            server.CloseInput();
            Assert.That(await client.ExitAsync(), Is.Zero);
            Assert.That(await server.ExitAsync(), Is.Zero);
            byte[] expected = arrow == ">" ? bytes : [.. "kept"u8, .. bytes];
            Assert.That((await File.ReadAllBytesAsync(output)).AsSpan().SequenceEqual(expected), Is.True, arrow);
        }
    }

    [Test]
    public async Task Cat_NobodyReadsOutput_EndsQuietly()
    {
        FlowerProcess shell = Shell($"{Programs.Flower} cat program=test | head -n 1; echo over >&2");
        using Connection peer = await AcceptAsync();
        Task<int> sending = Task.Run(() => SendUntilClosed(peer.Socket));

        Assert.That(await shell.ExitAsync(), Is.Zero);
        Assert.That(shell.Error.Lines, Is.EqualTo(new[] { "over" }));
        await sending.Within();
    }

    [Test]
    public async Task Cat_Terminal_TakesLinesAndItsEnd()
    {
        FlowerProcess terminal = Board.Program(
            Programs.Require("script"), "-qec", $"{Programs.Flower} cat program=test", "/dev/null");
        using Connection peer = await AcceptAsync();
        await terminal.WriteLineAsync("typed");
        Assert.That(Receive(peer.Socket), Is.EqualTo("typed\n"));
        peer.Socket.Send("printed\n"u8);
        await terminal.Out.AwaitLineAsync("printed");

        await terminal.WriteLineAsync("\u0004");

        Assert.That(ReceiveAll(peer.Socket), Is.Zero, "half-closed by Ctrl-D");
        peer.Dispose();
        Assert.That(await terminal.ExitAsync(), Is.Zero);
    }

    [Test]
    public async Task KeepListening_ManyConnections_LeavesNoDescriptor()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "-k", "program=many");
        IReadOnlyList<string> before = [];
        for (int i = 0; i < 10; i++)
        {
            using Connection client = await _handle.ConnectAsync(LabelSet.ParseWords(["program=many"]));
            client.Socket.Send(Encoding.UTF8.GetBytes($"line {i}\n"));
            await server.Out.AwaitLineAsync($"line {i}");
            if (i == 0)
            {
                before = server.OpenDescriptors;
            }
            else
            {
                bool settled = await Patience.UntilAsync(
                    () => Task.FromResult(server.OpenDescriptors.Count <= before.Count));
                Assert.That(settled, Is.True, string.Join('\n', server.OpenDescriptors));
            }
        }
    }

    private static string Receive(Socket socket)
    {
        byte[] buffer = new byte[1000];
        socket.ReceiveTimeout = (int)Patience.Limit.TotalMilliseconds;
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }

    private static int ReceiveAll(Socket socket)
    {
        byte[] buffer = new byte[64 * 1024];
        int all = 0;
        socket.ReceiveTimeout = (int)Patience.Limit.TotalMilliseconds;
        while (socket.Receive(buffer) is int count and > 0)
        {
            all += count;
        }

        return all;
    }

    private static int SendUntilClosed(Socket socket)
    {
        int lines = 0;
        socket.SendTimeout = (int)Patience.Limit.TotalMilliseconds;
        while (true)
        {
            try
            {
                socket.Send("line\n"u8);
                lines++;
            }
            catch (SocketException e) when (e.NativeErrorCode is (int)Errno.EPIPE or (int)Errno.ECONNRESET)
            {
                return lines;
            }
        }
    }

    private FlowerProcess Shell(string command) => Board.Program(Programs.Require("sh"), "-c", command);

    private async Task<Connection> AcceptAsync()
    {
        await using IAsyncEnumerator<IncomingConnection> incoming = _listener.GetAsyncEnumerator();
        Assert.That(await incoming.MoveNextAsync().Within(), Is.True);
        return await incoming.Current.AcceptAsync().Within();
    }
}
