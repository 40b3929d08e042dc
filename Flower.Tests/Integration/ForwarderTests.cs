// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Client;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>A Unix socket each connection to which becomes one on the board: docs/forwarder.md.</summary>
internal sealed class ForwarderTests : BoardFixture
{
    [Test]
    public async Task Connection_HalfClosed_IsAnsweredAndEnds()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=db")).Soon();
        await using Forwarder forwarder = Forwarder.Start(Root, Labels("service=db"));
        using Socket local = await ConnectAsync(forwarder);
        await using Connection server = await (await NextAsync(listener)).AcceptAsync().Soon();

        AssertHears(local, server.Socket, "a question");
        local.Shutdown(SocketShutdown.Send);
        Assert.That(await server.Socket.ReceiveAsync(new byte[10]).Soon(), Is.Zero);
        AssertHears(server.Socket, local, "an answer after all");
        server.Dispose();

        Assert.That(await local.ReceiveAsync(new byte[10]).Soon(), Is.Zero);
    }

    [Test]
    public async Task Connections_Several_AreKeptApart()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=db")).Soon();
        await using Forwarder forwarder = Forwarder.Start(Root, Labels("service=db"));
        var pairs = new List<(Socket Local, Connection Server)>();
        for (int n = 0; n < 20; n++)
        {
            Socket local = await ConnectAsync(forwarder);
            pairs.Add((local, await (await NextAsync(listener)).AcceptAsync().Soon()));
        }

        for (int n = 0; n < pairs.Count; n++)
        {
            AssertHears(pairs[n].Local, pairs[n].Server.Socket, $"to {n}");
            AssertHears(pairs[n].Server.Socket, pairs[n].Local, $"from {n}");
        }

        foreach ((Socket local, Connection server) in pairs)
        {
            local.Dispose();
            Assert.That(await server.Socket.ReceiveAsync(new byte[10]).Soon(), Is.Zero);
            server.Dispose();
        }
    }

    [Test]
    public async Task Connection_Refused_EndsAndTheObserverKnowsWhy()
    {
        var told = new TaskCompletionSource<FlowerException>();
        await using Forwarder forwarder = Forwarder.Start(Root, Labels("service=db"), new() { Observer = told.SetResult });
        using Socket local = await ConnectAsync(forwarder);

        Assert.That((await told.Task.Soon()).StatusCode, Is.EqualTo(StatusCode.NotFound));
        Assert.That(await local.ReceiveAsync(new byte[10]).Soon(), Is.Zero);
    }

    [Test]
    public async Task Connection_OfAPeerThatResets_Ends()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=db")).Soon();
        await using Forwarder forwarder = Forwarder.Start(Root, Labels("service=db"));
        using Socket local = await ConnectAsync(forwarder);
        await using Connection server = await (await NextAsync(listener)).AcceptAsync().Soon();
        await local.SendAsync(new byte[1000]).Soon();
        Waiting.Until(() => server.Socket.Available > 0, "nothing came");

        // With bytes that were not read, that is a reset.
        server.Dispose();

        Waiting.Until(() => HasEnded(local), "the local end goes on");
    }

    [Test]
    public async Task Dispose_WhileConnectedAndWaiting_EndsAllAndLeavesNothing()
    {
        await using Listener listener = await Root.ListenAsync(Labels("service=db"), new() { Credit = 0 }).Soon();
        Forwarder forwarder = Forwarder.Start(Root, Labels("service=db"));
        Assert.That(File.GetUnixFileMode(forwarder.Folder), Is.EqualTo(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));
        using Socket connected = await ConnectAsync(forwarder);
        await using Connection server = await (await NextAsync(listener)).AcceptAsync().Soon();
        AssertHears(connected, server.Socket, "connected");
        using Socket waiting = await ConnectAsync(forwarder);
        IncomingConnection offered = await NextAsync(listener);

        await forwarder.DisposeAsync().AsTask().Soon();
        await forwarder.DisposeAsync().AsTask().Soon();

        Assert.That(Directory.Exists(forwarder.Folder), Is.False);
        Assert.That(await server.Socket.ReceiveAsync(new byte[10]).Soon(), Is.Zero);
        Waiting.Until(() => HasEnded(connected) && HasEnded(waiting), "the local ends go on");
        Waiting.Until(() => offered.IsWithdrawn, "the offer is not withdrawn");
    }

    [TestCase("")]
    [TestCase("..")]
    [TestCase("a/b")]
    [TestCase("a\0b")]
    public void Start_FileNameIsNone_SaysSo(string name) => Assert.That(
        () => Forwarder.Start(Root, Labels("service=db"), new() { FileName = name }),
        Throws.ArgumentException.With.Message.Contains("is no name of a file"));

    [Test]
    public void Start_FileNameIsTooLong_SaysSo() => Assert.That(
        () => Forwarder.Start(Root, Labels("service=db"), new() { FileName = new('x', 200) }),
        Throws.InstanceOf<ArgumentException>());

    private static async Task<Socket> ConnectAsync(Forwarder forwarder)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(forwarder.Path)).Soon();
        return socket;
    }

    private static bool HasEnded(Socket socket)
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectRead) && socket.Receive(new byte[10]) == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
