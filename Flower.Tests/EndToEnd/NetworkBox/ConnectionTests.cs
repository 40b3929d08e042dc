// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>What becomes of a box's connections when its command ends, when its handle is taken back, and inside.</summary>
public sealed class ConnectionTests : EndToEndTest
{
    // Connects once for each line that it reads.
    private const string Connecting = """
        import socket, sys
        for line in sys.stdin:
            try:
                socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20).close()
                print("connected", flush=True)
            except OSError as error:
                print(error.strerror, flush=True)
        """;

    private const string Sending = """
        import os, socket, sys
        server = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        server.sendall(b"x" * int(sys.argv[2]))
        os._exit(0)
        """;

    // The server closes first, so that its end stays in TIME_WAIT, and the client comes again from the same port.
    private const string Returning = """
        import socket
        listener = socket.create_server(("127.0.0.1", 4321))
        for round in range(3):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            client.bind(("127.0.0.1", 4322))
            client.connect(("127.0.0.1", 4321))
            accepted, peer = listener.accept()
            accepted.close()
            print(client.recv(1), peer[1])
            client.close()
        """;

    private TcpListener _server = null!;

    private string Port => ((IPEndPoint)_server.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);

    [SetUp]
    public async Task StartOutside()
    {
        NetworkBoxes.Require(NetworkBoxes.Ordinary);
        _server = new TcpListener(IPAddress.Loopback, 0);
        _server.Start();
        await Board.FlowerReadyAsync("egress", "connect", "--allow", $"127.0.0.1:{Port}", "network=outside");
    }

    [TearDown]
    public void StopOutside() => _server.Dispose();

    [Test]
    public async Task Connection_CommandSendsAndEnds_AllArrives()
    {
        const int Bytes = 3_000_000;
        FlowerProcess box = NetworkBoxes.Start(
            Board, [], Programs.Require("python3"), "-c", Sending, Port,
            Bytes.ToString(CultureInfo.InvariantCulture));

        using Socket socket = await _server.AcceptSocketAsync().Within();
        byte[] buffer = new byte[65536];
        int received = 0;
        for (int count; (count = await socket.ReceiveAsync(buffer).Within()) > 0; received += count)
        {
            // More slowly than it is sent: the command has ended long before.
            await Task.Delay(1);
        }

        socket.Dispose();
        Assert.That(received, Is.EqualTo(Bytes));
        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
    }

    [Test]
    public async Task Connection_HandleIsRevoked_BoxIsCutOffForGood()
    {
        FlowerProcess box = NetworkBoxes.Start(
            Board, ["--out", "network=outside"], Programs.Require("python3"), "-c", Connecting, Port);
        await box.WriteLineAsync("first");
        await box.Out.AwaitLineAsync("connected");
        Board.ExpectInLog("the handle was revoked");
        await using Client.Handle handle = await Board.OpenAsync();
        HandleInfo narrow = await FindAsync(handle, made => made.OutLabels["network"] == "outside");

        await handle.RevokeAsync(narrow.Id).Within();
        for (int i = 0; i < 3; i++)
        {
            await box.WriteLineAsync("again");
        }

        box.CloseInput();
        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Has.Count.EqualTo(4).And.One.EqualTo("connected"), box.Error.ToString());
        Assert.That(box.Error.ToString(), Does.Contain("revoked"));
    }

    [Test]
    public async Task Connection_WithinTheBoxFromTheSamePort_StaysInside()
    {
        FlowerProcess box = NetworkBoxes.Start(Board, [], Programs.Require("python3"), "-c", Returning);

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(Enumerable.Repeat("b'' 4322", 3)));
    }

    private static async Task<HandleInfo> FindAsync(Client.Handle handle, Func<HandleInfo, bool> isWanted)
    {
        await foreach (HandleInfo made in handle.HandlesAsync())
        {
            if (isWanted(made))
            {
                return made;
            }
        }

        throw new AssertionException("there is no such handle");
    }
}
