// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Server;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Google.Protobuf;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>A call whose handler has left a listener in its place.</summary>
internal sealed class CallListenerTests : RpcFixture
{
    [Test]
    public async Task Listen_MessagesAndHalfClose_HeardInOrderAndEndsOnce()
    {
        const int Messages = 3 * (int)PacketLimits.InitialCredit;
        var listener = new Listener();
        Service.OnServer = async (reader, _, _) =>
        {
            await reader.MoveNext(CancellationToken.None);
            await Task.Yield();
            ((IHeardStream<ServerStartRequest>)reader).Listen(listener);
        };
        await using SessionChannel channel = await ChannelAsync();
        using AsyncDuplexStreamingCall<ServerStartRequest, ServerStartResponse> call = Stub(channel).ServerStart();

        for (ulong i = 0; i <= Messages; i++)
        {
            await call.RequestStream.WriteAsync(Answer(i)).Soon();
        }

        await call.RequestStream.CompleteAsync().Soon();

        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.False);
        await listener.Ended.Task.Soon();
        Assert.That(listener.Heard, Is.EqualTo(Enumerable.Range(1, Messages).Select(i => (ulong)i)), "the handler read the first");
        Assert.That(listener.HalfCloses, Is.EqualTo(1));
    }

    [Test]
    public async Task Listen_ListenerRefuses_CallEndsWithThat()
    {
        var listener = new Listener { Refusal = new RpcException(new(StatusCode.InvalidArgument, "not that")) };
        Service.OnServer = Leave(listener);
        await using SessionChannel channel = await ChannelAsync();
        using AsyncDuplexStreamingCall<ServerStartRequest, ServerStartResponse> call = Stub(channel).ServerStart();

        await call.RequestStream.WriteAsync(Answer(1)).Soon();

        RpcException? refused = await Assert.ThrowsAsync<RpcException>(
            () => call.ResponseStream.MoveNext(CancellationToken.None).Soon());
        Assert.That((refused!.StatusCode, refused.Status.Detail), Is.EqualTo((StatusCode.InvalidArgument, "not that")));
        await listener.Ended.Task.Soon();
        Assert.That(listener.HalfCloses, Is.Zero);
    }

    [Test]
    public async Task Listen_MoreThanGrantedInOnePacket_EndsTheSession()
    {
        var listener = new Listener();
        Service.OnServer = Leave(listener);
        using RawSession raw = await RawAsync();
        raw.Send(RawSession.Start(1, "ServerStart"), RawSession.Message(1, Answer(1)));
        await listener.First.Task.Soon();

        raw.Send([.. Enumerable.Repeat(RawSession.Message(1, Answer(2)), (int)PacketLimits.InitialCredit + 1)]);

        Waiting.Until(() => Log.Warnings.Any(w => w.Contains("more messages than were granted", StringComparison.Ordinal)), "log");
        await listener.Ended.Task.Soon();
        Assert.That(listener.Heard, Has.Count.LessThanOrEqualTo((int)PacketLimits.InitialCredit));
    }

    [Test]
    public async Task Listen_CallerGoes_ListenerIsTold()
    {
        var listener = new Listener();
        Service.OnServer = Leave(listener);
        await using SessionChannel channel = await ChannelAsync();
        AsyncDuplexStreamingCall<ServerStartRequest, ServerStartResponse> call = Stub(channel).ServerStart();
        await call.RequestStream.WriteAsync(Answer(1)).Soon();
        await listener.First.Task.Soon();

        call.Dispose();

        await listener.Ended.Task.Soon();
        Assert.That(listener.HalfCloses, Is.Zero);
    }

    [Test]
    public async Task Listen_CallHasEnded_Throws()
    {
        var listener = new Listener();
        var thrown = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Service.OnServer = async (reader, _, context) =>
        {
            began.SetResult();
            try
            {
                await reader.MoveNext(CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                thrown.SetResult(Assert.Catch(() => ((IHeardStream<ServerStartRequest>)reader).Listen(listener))!);
                throw;
            }
        };
        await using SessionChannel channel = await ChannelAsync();
        AsyncDuplexStreamingCall<ServerStartRequest, ServerStartResponse> call = Stub(channel).ServerStart();
        await began.Task.Soon();

        call.Dispose();

        Assert.That(await thrown.Task.Soon(), Is.InstanceOf<OperationCanceledException>());
        Assert.That(listener.Ended.Task.IsCompleted, Is.False);
    }

    private static ServerStartRequest Answer(ulong id) => new() { Answer = new() { ConnectionId = id } };

    private static Func<IAsyncStreamReader<ServerStartRequest>, IServerStreamWriter<ServerStartResponse>, ServerCallContext, Task>
        Leave(Listener listener) => (reader, _, _) =>
    {
        ((IHeardStream<ServerStartRequest>)reader).Listen(listener);
        return Task.CompletedTask;
    };

    private sealed class Listener : ICallListener<ServerStartRequest>
    {
        public List<ulong> Heard { get; } = [];

        public int HalfCloses { get; private set; }

        public RpcException? Refusal { get; init; }

        public TaskCompletionSource First { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // Fails if it is told twice.
        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnMessage(ServerStartRequest request)
        {
            Heard.Add(request.Answer.ConnectionId);
            First.TrySetResult();
            if (Refusal is not null)
            {
                throw Refusal;
            }
        }

        public void OnHalfClose() => HalfCloses++;

        public void OnEnded() => Ended.SetResult();

        public ByteString Save(DescriptorTable descriptors) => ByteString.Empty;
    }
}
