// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// A switchboard whose doors the service manager made, as flower-switchboard.socket has it: they are there before it
/// runs, while it does not, and afterwards.
/// </summary>
[Category("EndToEnd")]
public sealed class LentDoorsTests
{
    private readonly List<SafeHandle> _sockets = [];
    private SwitchboardFixture _board = null!;

    [SetUp]
    public void MakeFolder() => _board = new();

    [TearDown]
    public async Task RemoveFolder()
    {
        _sockets.ForEach(socket => socket.Dispose());
        _sockets.Clear();
        await _board.DisposeAsync();
    }

    [Test]
    public async Task Start_ClientWasThereFirst_IsServedAndTheSocketsOutliveTheSwitchboard()
    {
        Lend(_board.Handle, UnixSocket.ListenPackets);
        Lend(_board.Admin, UnixSocket.ListenStream);
        for (int start = 0; start < 2; start++)
        {
            // Waits in the queue, with a registration already sent.
            Task<Handle> opening = Handle.OpenAsync(_board.Handle);
            FlowerProcess daemon = await StartAsync();
            await daemon.ReadyAsync();
            await using Handle handle = await opening.Within();
            await using Listener listener = await handle.ListenAsync(LabelSet.Create(("service", "early"))).Within();
            using (var door = new GrpcDoor(_board.Admin))
            {
                Assert.That(await door.ListAsync(), Has.Count.EqualTo(1));
            }

            daemon.Signal(Signum.SIGTERM);
            Assert.That(await daemon.ExitAsync(), Is.Zero, daemon.Error.ToString());
            Assert.That(
                Directory.GetFiles(_board.Folder).Select(Path.GetFileName),
                Is.SupersetOf(new[] { "switchboard.sock", "admin.sock" }).And.Not.Contain("control.sock"));
        }
    }

    [Test]
    public async Task Start_PacketWasSentFirst_ItsSenderIsKnown()
    {
        Lend(_board.Handle, UnixSocket.ListenPackets);
        using var early = new RawSession(UnixSocket.ConnectPackets(_board.Handle));
        early.Send(RawSession.Start(1, "List", credit: 8), RawSession.Message(1, new ListRequest()), RawSession.HalfClose(1));

        FlowerProcess daemon = await StartAsync();
        await daemon.ReadyAsync();

        Frame? answer = early.Next();
        while (answer is { Status: null })
        {
            answer = early.Next();
        }

        Assert.That(answer?.Status.Code, Is.Zero, answer?.Status.Message);
    }

    [Test]
    public async Task Replace_LentDoors_StayThereAtTheEnd()
    {
        Lend(_board.Handle, UnixSocket.ListenPackets);
        Lend(_board.Admin, UnixSocket.ListenStream);
        FlowerProcess first = await StartAsync();
        await first.ReadyAsync();
        FlowerProcess second = _board.Flower("switchboard", "--listen", _board.Handle, "--admin", _board.Admin, "--replace");
        await second.ReadyAsync();
        Assert.That(await first.ExitAsync(), Is.Zero, first.Error.ToString());

        second.Signal(Signum.SIGTERM);

        Assert.That(await second.ExitAsync(), Is.Zero, second.Error.ToString());
        Assert.That(File.Exists(_board.Handle) && File.Exists(_board.Admin), Is.True);
    }

    [Test]
    public async Task Start_LentSocketOfAnotherType_RefusedWithTheSetting()
    {
        Lend(_board.Handle, UnixSocket.ListenStream);

        FlowerProcess daemon = await StartAsync();

        Assert.That(await daemon.ExitAsync(), Is.EqualTo(69));
        Assert.That(daemon.Error.Lines.Single(), Does.Contain(_board.Handle).And.Contain("ListenSequentialPacket="));
    }

    [Test]
    public async Task Start_LentSocketElsewhere_RefusedWithItsPath()
    {
        string other = Path.Combine(_board.Folder, "other.sock");
        Lend(other, UnixSocket.ListenPackets);

        FlowerProcess daemon = await StartAsync();

        Assert.That(await daemon.ExitAsync(), Is.EqualTo(69));
        Assert.That(daemon.Error.Lines.Single(), Does.Contain(other).And.Contain("neither --listen nor --admin"));
        Assert.That(File.Exists(_board.Handle), Is.False);
    }

    [Test]
    public async Task Start_LentIsNoListeningSocket_RefusedWithItsNumber()
    {
        (Descriptor one, Descriptor other) = UnixSocket.StreamPair();
        _sockets.AddRange([one, other]);

        FlowerProcess daemon = await StartAsync(one);

        Assert.That(await daemon.ExitAsync(), Is.EqualTo(69));
        Assert.That(daemon.Error.Lines.Single(), Does.Contain("descriptor 3 (door)"));
    }

    private void Lend(string path, Func<string, uint, Descriptor> listen) => _sockets.Add(listen(path, 0x180 /* 0600 */));

    private async Task<FlowerProcess> StartAsync(params Descriptor[] instead)
    {
        SafeHandle[] lent = instead.Length > 0 ? instead : [.. _sockets];
        string path = Path.Combine(_board.Folder, "giver");
        using var giver = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        giver.Bind(new UnixDomainSocketEndPoint(path));
        giver.Listen();
        FlowerProcess process = _board.Program(
            Programs.Require("python3"),
            Programs.InheritListeners,
            path,
            string.Join(':', lent.Select(_ => "door")),
            Programs.Flower,
            "switchboard",
            "--listen",
            _board.Handle,
            "--admin",
            _board.Admin);
        using Socket taker = await giver.AcceptAsync().Within();
        Assert.That(UnixSocket.Send(taker.SafeHandle, [0], lent), Is.Zero);
        File.Delete(path);
        return process;
    }
}
