// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Flower.Client;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Tests.Rpc;
using Grpc.Core;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Sockets from outside, which are handed over themselves: ingress and egress.</summary>
internal sealed class HandOverTests : BoardFixture
{
    // Whatever a session has pushed before, both sides see what they see of the first push of another one.
    private async Task AssertAsFirstAsync(Handle handle, Listener listener, params string[] words)
    {
        (string[] atIngress, string[] atServer) = await PushAsync(handle, listener, words);
        bool isPinned = atIngress.Contains("z=pinned (pinned)");
        await using Handle fresh = isPinned ? await NarrowAsync(Root, [], ["z=pinned"]) : await OpenAsync();

        Assert.That((atIngress, atServer), Is.EqualTo(await PushAsync(fresh, listener, words)));
        Assert.That(words.Select(word => $"{word} (claimed)"), Is.SubsetOf(atIngress));
    }

    private static async Task<(string[] AtIngress, string[] AtServer)> PushAsync(
        Handle handle, Listener listener, string[] words)
    {
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;
        Task<ConnectionLabels> pushing = handle.PushDescriptorAsync(given, Labels(words));
        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        return (Texts(await pushing.Soon()), Texts(atServer.Labels));
    }

    // But for the connection's number.
    private static string[] Texts(ConnectionLabels labels) =>
        [.. labels.Where(label => label.Key != "flower.connection_id").Select(label => label.ToString())];

    private static readonly EgressOptions Fixed = new() { FixedDestination = true };

    [TestCase(0)]
    [TestCase(128)]
    public async Task Push_Accepted_ServerGetsThatVerySocket(int credit)
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        (Socket outside, Socket accepted) = Tcp();
        using Socket heldOutside = outside;
        string pushed = DescriptorLedger.FileOf(accepted.Handle);
        Task<ConnectionLabels> pushing = Root.PushAsync(
            accepted, Labels("a=1", "address_family=inet", "client_address=127.0.0.1", "client_port=1"));

        using Connection atServer = await (await NextAsync(listener)).AcceptAsync().Soon();
        ConnectionLabels labels = await pushing.Soon();
        accepted.Dispose();

        Assert.That(labels["client_port"], Is.EqualTo("1"));
        Assert.That(atServer.Labels["client_address"], Is.EqualTo("127.0.0.1"));
        using Descriptor taken = atServer.TakeDescriptor();
        Assert.That(DescriptorLedger.FileOf(taken.DangerousGetHandle()), Is.EqualTo(pushed));
        Assert.That(taken.IsNonBlocking, Is.False);
        Assert.That(taken.IsCloseOnExec, Is.True);
        using var socket = new Socket(taken.ToSocketHandle());
        AssertHears(outside, socket, "hello");
    }

    [TestCase(0)]
    [TestCase(128)]
    public async Task Push_Rejected_SocketIsClosed(int credit)
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;
        Task<ConnectionLabels> pushing = Root.PushDescriptorAsync(given, Labels("a=1"));

        await (await NextAsync(listener)).RejectAsync("full").Soon();

        FlowerException e = await Refused(pushing);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("full"));
        AssertClosed(kept);
    }

    [Test]
    public async Task Push_OneAfterAnotherWithSomeOtherValues_EachHasItsOwn()
    {
        await using Handle narrow = await NarrowAsync(Root, [], ["z=pinned"]);
        await using Listener one = await Root.ListenAsync(Labels("a=1", "client_port=7", "d=1")).Soon();
        await using Listener two = await Root.ListenAsync(Labels("a=1", "+c", "d=2")).Soon();
        foreach (Handle handle in (Handle[])[Root, narrow])
        {
            await AssertAsFirstAsync(handle, two, "a=1", "c=x", "client_address=::1", "client_port=1", "d=2");
            await AssertAsFirstAsync(handle, two, "a=1", "c=x", "client_address=::1", "client_port=22222", "d=2");
            await AssertAsFirstAsync(handle, two, "a=1", "c=", "client_address=fe80::1%eth0", "client_port=3", "d=2");
            await AssertAsFirstAsync(handle, two, "a=1", "c=ключ", "client_address=fe80::1%eth0", "client_port=3", "d=2");

            // What a server states itself decides whom it reaches.
            await AssertAsFirstAsync(handle, two, "a=1", "c=x", "client_address=::1", "client_port=7", "d=2");
            await AssertAsFirstAsync(handle, one, "a=1", "c=x", "client_address=::1", "client_port=7", "d=1");
            (Descriptor given, Descriptor kept) = Pair();
            using Descriptor held = kept;
            FlowerException refused = await Refused(handle.PushDescriptorAsync(
                given, Labels("a=1", "c=x", "client_address=::1", "client_port=8", "d=1")));
            Assert.That(refused.StatusCode, Is.EqualTo(StatusCode.NotFound));
            await AssertAsFirstAsync(handle, two, "a=1", "c=x", "client_address=::1", "client_port=8", "d=2");
        }
    }

    [Test]
    public async Task Push_NothingMatches_SocketIsClosed()
    {
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;

        Assert.That(
            (await Refused(Root.PushDescriptorAsync(given, Labels("a=1")))).StatusCode, Is.EqualTo(StatusCode.NotFound));
        AssertClosed(kept);
    }

    [TestCase(0)]
    [TestCase(128)]
    public async Task Push_ServerGoneWhilePending_UnavailableAndTheSocketIsClosed(int credit)
    {
        Listener listener = await Root.ListenAsync(Labels("a=1"), new() { Credit = credit }).Soon();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;
        Task<ConnectionLabels> pushing = Root.PushDescriptorAsync(given, Labels("a=1"));
        _ = await NextAsync(listener);

        await listener.DisposeAsync();

        Assert.That((await Refused(pushing)).StatusCode, Is.EqualTo(StatusCode.Unavailable));
        AssertClosed(kept);
    }

    [Test]
    public async Task Push_WaitsAndIsGivenUp_SocketIsClosed()
    {
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;

        FlowerException e = await Refused(
            Root.PushDescriptorAsync(given, Labels("a=1"), new() { Wait = true, Timeout = ShortDeadline }));

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        AssertClosed(kept);
    }

    [Test]
    public async Task Push_NotAStreamSocket_InvalidArgument()
    {
        (Descriptor given, Descriptor kept) = Pipe();
        using Descriptor held = kept;

        FlowerException e = await Refused(Root.PushDescriptorAsync(given, Labels("a=1")));

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.InvalidArgument));
    }

    [Test]
    public async Task Push_SocketThatIsNotConnected_IsRefusedByWhatItIs()
    {
        await using Listener server = await Root.ListenAsync(Labels("a=1"), new() { Credit = 8 });
        using var listening = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        listening.Listen();
        using var fresh = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        using var unix = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using var datagrams = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        datagrams.Connect(listening.LocalEndPoint!);
        using var unixListening = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        unixListening.Bind(new UnixDomainSocketEndPoint($"\0flower-test-{Guid.NewGuid():N}"));
        unixListening.Listen();
        (Descriptor packets, Descriptor other) = UnixSocket.PacketPair();
        using Descriptor heldPackets = packets;
        using Descriptor heldOther = other;
        (SafeHandle Socket, string What)[] odd =
        [
            (listening.SafeHandle, "a socket that listens"),
            (unixListening.SafeHandle, "a socket that listens"),
            (fresh.SafeHandle, "a socket that is not connected"),
            (unix.SafeHandle, "a socket that is not connected"),
            (datagrams.SafeHandle, "no stream socket"),
            (packets, "no stream socket"),
        ];
        foreach ((SafeHandle socket, string what) in odd)
        {
            FlowerException e = await Refused(Root.PushDescriptorAsync(Descriptor.Duplicate(socket), Labels("a=1")));

            Assert.That(e.StatusCode, Is.EqualTo(StatusCode.InvalidArgument));
            Assert.That(e.Message, Does.EndWith($"this is {what}"));
        }
    }

    [Test]
    public async Task Push_OnlyAnEgressMatches_NotFound()
    {
        await using Client.Egress egress = await Root.StartEgressAsync(Labels("a=1", "+address_family")).Soon();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;

        FlowerException e = await Refused(Root.PushDescriptorAsync(given, Labels("a=1", "address_family=inet")));

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.NotFound));
        AssertClosed(kept);
    }

    [Test]
    public async Task Push_FixedEgressMatchesAndCallerRelays_BringsTheEgressSocket()
    {
        await using Client.Egress egress = await Root.StartEgressAsync(Labels("a=1"), Fixed).Soon();
        (Socket outside, Socket inside) = Tcp();
        using Socket heldOutside = outside;
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor own = given;
        using Descriptor client = kept;
        Task<PushOutcome> pushing = Root.PushOrRelayAsync(own, Labels("a=1", "address_family=inet"));

        EgressRequest request = await NextAsync(egress);
        await request.ConnectedAsync(inside).Soon();
        inside.Dispose();
        PushOutcome outcome = await pushing.Soon();

        Assert.That(request.Labels["address_family"], Is.EqualTo("inet"));
        Assert.That(outcome.Labels["a"], Is.EqualTo("1"));
        using Connection relayTo = outcome.RelayTo!;
        AssertHears(outside, relayTo.Socket, "hello");
        Assert.That(own.IsClosed, Is.False);
    }

    [Test]
    public async Task Push_ServerMatchesAndCallerRelays_HandsOver()
    {
        await using Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor client = kept;
        using (Descriptor own = given)
        {
            Task<PushOutcome> pushing = Root.PushOrRelayAsync(own, Labels("a=1"));
            using Connection connection = await (await NextAsync(listener)).AcceptAsync().Soon();
            Assert.That((await pushing.Soon()).RelayTo, Is.Null);
        }

        AssertClosed(kept);
    }

    [Test]
    public async Task Push_FixedEgressMatchesAndCallerDoesNotRelay_NotFound()
    {
        await using Client.Egress egress = await Root.StartEgressAsync(Labels("a=1"), Fixed).Soon();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;

        Assert.That(
            (await Refused(Root.PushDescriptorAsync(given, Labels("a=1")))).StatusCode, Is.EqualTo(StatusCode.NotFound));
    }

    [Test]
    public async Task Accept_ListenerHasEnded_SaysSo()
    {
        Listener listener = await Root.ListenAsync(Labels("a=1")).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));
        IncomingConnection incoming = await NextAsync(listener);
        await listener.DisposeAsync();

        FlowerException e = await Refused(incoming.AcceptAsync());

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That((await Refused(connecting)).Message, Does.Contain("the server is ending"));
    }

    [Test]
    public async Task Egress_EndedBeforeTheAnswer_SaysSo()
    {
        Client.Egress egress = await Root.StartEgressAsync(Labels("a=1"), Fixed).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));
        EgressRequest request = await NextAsync(egress);
        await egress.DisposeAsync();

        FlowerException e = await Refused(request.FailAsync("too late"));

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.Unavailable));
    }

    [Test]
    public async Task Egress_NeitherFixedNorRequiringAFamily_RefusedWithTheRemedy()
    {
        FlowerException e = await Refused(Root.StartEgressAsync(Labels("zone=out")));

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.InvalidArgument));
        Assert.That(e.Message, Does.Contain("+address_family"));
    }

    [Test]
    public async Task Egress_Connected_ClientGetsThatVerySocket()
    {
        await using Client.Egress egress = await Root.StartEgressAsync(Labels("zone=out", "+address_family")).Soon();
        (Socket outside, Socket inside) = Tcp();
        using Socket heldOutside = outside;
        string made = DescriptorLedger.FileOf(inside.Handle);
        Task<Connection> connecting = Root.ConnectAsync(Labels("zone=out", "address_family=inet", "server_port=80"));

        EgressRequest request = await NextAsync(egress);
        await request.ConnectedAsync(inside).Soon();
        inside.Dispose();
        using Connection connection = await connecting.Soon();

        Assert.That(request.Labels["server_port"], Is.EqualTo("80"));
        Assert.That(connection.Labels["zone"], Is.EqualTo("out"));
        using Descriptor taken = connection.TakeDescriptor();
        Assert.That(DescriptorLedger.FileOf(taken.DangerousGetHandle()), Is.EqualTo(made));
        Assert.That(taken.IsNonBlocking, Is.False);
        Assert.That(taken.IsCloseOnExec, Is.True);
        using var socket = new Socket(taken.ToSocketHandle());
        AssertHears(outside, socket, "hello");
    }

    [Test]
    public async Task Egress_RequiredKeyNotStated_NotFound()
    {
        await using Client.Egress egress = await Root.StartEgressAsync(Labels("zone=out", "+address_family")).Soon();

        Assert.That((await Refused(Root.ConnectAsync(Labels("zone=out")))).StatusCode, Is.EqualTo(StatusCode.NotFound));
    }

    [Test]
    public async Task Egress_Fails_ReasonReachesTheClient()
    {
        await using Client.Egress egress = await Root.StartEgressAsync(Labels("zone=out"), Fixed).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("zone=out"));

        await (await NextAsync(egress)).FailAsync("connection refused by 127.0.0.1:80").Soon();

        FlowerException e = await Refused(connecting);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("connection refused by 127.0.0.1:80"));
    }

    [Test]
    public async Task Egress_DisposedWhilePending_Unavailable()
    {
        Client.Egress egress = await Root.StartEgressAsync(Labels("zone=out"), Fixed).Soon();
        Task<Connection> connecting = Root.ConnectAsync(Labels("zone=out"));
        _ = await NextAsync(egress);

        await egress.DisposeAsync();

        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.Unavailable));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Egress_AcceptsWithoutAStreamSocket_Unavailable(bool withPipe)
    {
        await using Flower.Rpc.SessionChannel channel = Flower.Rpc.SessionChannel.ConnectPath(SocketPath);
        using AsyncDuplexStreamingCall<EgressStartRequest, EgressStartResponse> call =
            new Flower.Protocol.V1.Switchboard.SwitchboardClient(channel.CreateCallInvoker()).EgressStart();
        await call.RequestStream.WriteAsync(new() { Start = new() { Labels = Labels("zone=out").ToMessage(), FixedDestination = true } });
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
        Task<Connection> connecting = Root.ConnectAsync(Labels("zone=out"));
        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);

        var answer = new Answer { ConnectionId = call.ResponseStream.Current.Offer.ConnectionId, Accept = new() };
        if (withPipe)
        {
            (Descriptor given, Descriptor kept) = Pipe();
            kept.Dispose();
            answer.Accept.Socket = FileDescriptor.Adopt(given);
        }

        await call.RequestStream.WriteAsync(new() { Answer = answer });

        FlowerException e = await Refused(connecting);
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("without a connected stream socket"));
    }

    [Test]
    public async Task TargetStream_FirstMessageIsAnAnswerWithASocket_RefusedAndTheSocketIsClosed()
    {
        await using Flower.Rpc.SessionChannel channel = Flower.Rpc.SessionChannel.ConnectPath(SocketPath);
        var stub = new Flower.Protocol.V1.Switchboard.SwitchboardClient(channel.CreateCallInvoker());
        using AsyncDuplexStreamingCall<EgressStartRequest, EgressStartResponse> egress = stub.EgressStart();
        using AsyncDuplexStreamingCall<ServerStartRequest, ServerStartResponse> server = stub.ServerStart();
        (Descriptor given, Descriptor kept) = Pair();
        (Descriptor second, Descriptor keptToo) = Pair();
        using Descriptor held = kept;
        using Descriptor heldToo = keptToo;

        await egress.RequestStream.WriteAsync(
            new() { Answer = new() { Accept = new() { Socket = FileDescriptor.Adopt(given) } } });
        await server.RequestStream.WriteAsync(
            new() { Answer = new() { Accept = new() { Socket = FileDescriptor.Adopt(second) } } });

        Assert.That(
            (await egress.ResponseStream.MoveNext(CancellationToken.None).Failure()).StatusCode,
            Is.EqualTo(StatusCode.InvalidArgument));
        Assert.That(
            (await server.ResponseStream.MoveNext(CancellationToken.None).Failure()).StatusCode,
            Is.EqualTo(StatusCode.InvalidArgument));
        AssertClosed(kept);
        AssertClosed(keptToo);
    }

    [Test]
    public async Task Credit_OffersThatWereNeverWritten_GiveItBack()
    {
        // A target that takes one message and no more: everything after `started` waits for message credit.
        await using Flower.Rpc.SessionChannel channel = Flower.Rpc.SessionChannel.ConnectPath(SocketPath);
        using var raw = new RawSession(UnixSocket.ConnectPackets(SocketPath));
        raw.Send(
            RawSession.Start(1, "ServerStart", credit: 1),
            RawSession.Message(1, new ServerStartRequest
            {
                Start = new() { Labels = Labels("a=1").ToMessage(), Credit = 2 },
            }));
        Assert.That(raw.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Message));
        for (int i = 0; i < 2; i++)
        {
            FlowerException e = await Refused(Root.ConnectAsync(Labels("a=1"), new() { Timeout = ShortDeadline }));
            Assert.That(e.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        }

        raw.Send(new Frame { CallId = 1, Credit = new() { Messages = PacketLimits.InitialCredit } });
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));
        ServerStartResponse response = ServerStartResponse.Parser.ParseFrom(raw.Next()!.Message);

        Assert.That(response.KindCase, Is.EqualTo(ServerStartResponse.KindOneofCase.Offer));
        Assert.That(response.Offer.Socket, Is.Not.Null, "the credit of offers that were never sent is lost");
        raw.Dispose();
        Assert.That((await Refused(connecting)).StatusCode, Is.EqualTo(StatusCode.Unavailable));
    }

    private static (Socket Outside, Socket Inside) Tcp()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var outside = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        outside.Connect(listener.LocalEndPoint!);
        return (outside, listener.Accept());
    }

    private static (Descriptor Given, Descriptor Kept) Pipe()
    {
        Assert.That(Syscall.pipe(out int reading, out int writing), Is.Zero);
        return (Descriptor.Adopt(reading), Descriptor.Adopt(writing));
    }
}
