// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;
using System.Diagnostics;
using Flower.Client;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Google.Protobuf;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>A connect is one trace: client, switchboard, server.</summary>
[NonParallelizable]
internal sealed class TraceTests : BoardFixture
{
    private const string Given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private readonly ConcurrentQueue<Activity> _ended = new();
    private ActivityListener? _listener;

    [TearDown]
    public void StopListening()
    {
        _listener?.Dispose();
        _listener = null;
        _ended.Clear();
    }

    [Test]
    public async Task Connect_EverybodyIsTraced_IsOneTrace()
    {
        Listen("Flower.Client", "Flower.Switchboard");
        await using Listener server = await Root.ListenAsync(Labels("a=1"));

        (Connection atClient, Connection atServer) = await ConnectAsync(Root, server, "a=1");

        atClient.Dispose();
        atServer.Dispose();
        Waiting.Until(() => _ended.Count == 3, "three spans");
        Activity client = _ended.Single(span => span.Kind == ActivityKind.Client);
        Activity board = _ended.Single(span => span.Source.Name == "Flower.Switchboard");
        Activity accept = _ended.Single(span => span.OperationName == "flower.accept");
        Assert.That(board.ParentSpanId, Is.EqualTo(client.SpanId));
        Assert.That(accept.ParentSpanId, Is.EqualTo(board.SpanId));
        Assert.That(_ended.Select(span => span.TraceId).Distinct().Count(), Is.EqualTo(1));
        Assert.That(_ended.Select(span => span.Status), Is.All.EqualTo(ActivityStatusCode.Unset));
    }

    [Test]
    public async Task Connect_WhileAnotherOneIsUnderWay_IsAnotherTrace()
    {
        Listen("Flower.Switchboard");
        await using Listener server = await Root.ListenAsync(Labels("a=1"));
        Task<Connection>[] connecting = [.. Enumerable.Range(0, 3).Select(_ => Root.ConnectAsync(Labels("a=1")))];
        IncomingConnection[] incoming = [await NextAsync(server), await NextAsync(server), await NextAsync(server)];
        foreach (IncomingConnection one in incoming)
        {
            (await one.AcceptAsync()).Dispose();
        }

        foreach (Task<Connection> one in connecting)
        {
            (await one.Soon()).Dispose();
        }

        await Refused(Root.ConnectAsync(Labels("a=2")));

        Waiting.Until(() => _ended.Count == 4, "four spans");
        Assert.That(_ended.Select(span => span.ParentId), Is.All.Null);
        Assert.That(_ended.Select(span => span.TraceId).Distinct().Count(), Is.EqualTo(4));
    }

    [Test]
    public async Task Connect_Refused_IsAnErrorInBothSpans()
    {
        Listen("Flower.Client", "Flower.Switchboard");

        await Refused(Root.ConnectAsync(Labels("a=1")));

        Waiting.Until(() => _ended.Count == 2, "two spans");
        Assert.That(_ended.Select(span => span.Status), Is.All.EqualTo(ActivityStatusCode.Error));
        Assert.That(_ended.Select(span => span.StatusDescription), Has.One.StartsWith("NotFound: "));
    }

    [Test]
    public async Task Connect_NobodyIsTraced_PassesTheTraceOn()
    {
        await using Listener server = await Root.ListenAsync(Labels("a=1"));
        using Activity activity = new Activity("mine").SetParentId(Given).Start();
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));
        string id = activity.Id!;
        activity.Stop();

        await using IncomingConnection incoming = await NextAsync(server);

        Assert.That(incoming.TraceParent, Is.EqualTo(id));
        (await incoming.AcceptAsync()).Dispose();
        (await connecting.Soon()).Dispose();
    }

    [Test]
    public async Task Connect_WithoutATrace_HasNone()
    {
        await using Listener server = await Root.ListenAsync(Labels("a=1"));
        Task<Connection> connecting = Root.ConnectAsync(Labels("a=1"));

        await using IncomingConnection incoming = await NextAsync(server);

        Assert.That(incoming.TraceParent, Is.Empty);
        (await incoming.AcceptAsync()).Dispose();
        (await connecting.Soon()).Dispose();
    }

    [TestCase("no trace at all, but of the very same length as one,...")]
    [TestCase("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [TestCase("")]
    public void Connect_WhatIsNoTrace_IsLeftOut(string given)
    {
        using var server = new RawSession(UnixSocket.ConnectPackets(SocketPath));
        server.Send(
            RawSession.Start(1, "ServerStart"),
            RawSession.Message(1, new ServerStartRequest { Start = new() { Labels = Labels("a=1").ToMessage(), Credit = 1 } }));
        Assert.That(server.Next(), Is.Not.Null);
        using var client = new RawSession(UnixSocket.ConnectPackets(SocketPath));
        Frame start = RawSession.Start(1, "ClientConnect");
        start.Start.Metadata.Add(new Metadata
        {
            Key = "traceparent",
            Value = ByteString.CopyFromUtf8(given),
        });
        client.Send(
            start,
            RawSession.Message(1, new ClientConnectRequest { Labels = Labels("a=1").ToMessage() }),
            RawSession.HalfClose(1));

        Frame offer = server.Next()!;

        Assert.That(ServerStartResponse.Parser.ParseFrom(offer.Message).Offer.TraceParent, Is.Empty);
    }

    private void Listen(params string[] sources)
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => sources.Contains(source.Name),
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _ended.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }
}
