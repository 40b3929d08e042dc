// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Rpc.State;
using Google.Protobuf;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>A unary call whose handler returns before there is an answer.</summary>
internal sealed class LateAnswerTests : RpcFixture
{
    private Late _late = null!;

    [SetUp]
    public void AnswerLater()
    {
        var late = new Late();
        _late = late;
        Service.OnConnect = (_, context) =>
        {
            late.Call = (SessionCallContext)context;
            late.Call.AnswerLater(late);
            late.Began.TrySetResult();
            return Task.FromResult<ClientConnectResponse>(null!);
        };
    }

    [Test]
    public async Task Answer_WithSocket_CallerHasIt()
    {
        (Descriptor given, Descriptor kept) = Pair();
        await using SessionChannel channel = await ChannelAsync();
        using AsyncUnaryCall<ClientConnectResponse> call = Stub(channel).ClientConnectAsync(new());
        await _late.Began.Task.Soon();

        await Loop.Invoke(() => _late.Call!.Answer(new ClientConnectResponse { Socket = FileDescriptor.Adopt(given) })).Soon();

        ClientConnectResponse response = await call.ResponseAsync.Soon();
        response.Socket.Handle!.Dispose();
        AssertClosed(kept);
        kept.Dispose();
        Assert.That(call.GetStatus().StatusCode, Is.EqualTo(StatusCode.OK));
        Assert.That(_late.Endings, Is.Zero, "it was answered");
    }

    [Test]
    public async Task Fail_Refusal_CallerHearsIt()
    {
        await using SessionChannel channel = await ChannelAsync();
        using AsyncUnaryCall<ClientConnectResponse> call = Stub(channel).ClientConnectAsync(new());
        await _late.Began.Task.Soon();

        await Loop.Invoke(() => _late.Call!.Fail(new RpcException(new(StatusCode.Unavailable, "not now")))).Soon();

        RpcException? refused = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.Soon());
        Assert.That((refused!.StatusCode, refused.Status.Detail), Is.EqualTo((StatusCode.Unavailable, "not now")));
        Assert.That(_late.Endings, Is.Zero, "it was answered");
    }

    [Test]
    public async Task Cancel_BeforeTheAnswer_IsToldOnceAndNotFromWithin()
    {
        await using SessionChannel channel = await ChannelAsync();
        AsyncUnaryCall<ClientConnectResponse> call = Stub(channel).ClientConnectAsync(new());
        await _late.Began.Task.Soon();

        call.Dispose();

        await _late.Ended.Task.Soon();
        (Descriptor given, Descriptor kept) = Pair();
        await Loop.Invoke(() => _late.Call!.Answer(new ClientConnectResponse { Socket = FileDescriptor.Adopt(given) })).Soon();
        AssertClosed(kept);
        kept.Dispose();
        Assert.That(_late.Endings, Is.EqualTo(1));
    }

    [Test]
    public async Task SessionEnds_BeforeTheAnswer_IsTold()
    {
        await using (SessionChannel channel = await ChannelAsync())
        {
            _ = Stub(channel).ClientConnectAsync(new());
            await _late.Began.Task.Soon();
        }

        await _late.Ended.Task.Soon();
        Assert.That(_late.Endings, Is.EqualTo(1));
    }

    [Test]
    public async Task Deadline_BeforeTheAnswer_IsTold()
    {
        await using SessionChannel channel = await ChannelAsync();
        using AsyncUnaryCall<ClientConnectResponse> call =
            Stub(channel).ClientConnectAsync(new(), deadline: DateTime.UtcNow.AddMilliseconds(50));

        await _late.Ended.Task.Soon();

        RpcException? late = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.Soon());
        Assert.That(late!.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        Assert.That(_late.Endings, Is.EqualTo(1));
    }

    private sealed class Late : ILateAnswer
    {
        public SessionCallContext? Call { get; set; }

        public TaskCompletionSource Began { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Endings { get; private set; }

        public void OnEnded()
        {
            Endings++;
            Ended.TrySetResult();
        }

        public ByteString Save(DescriptorTable descriptors) => ByteString.Empty;
    }
}
