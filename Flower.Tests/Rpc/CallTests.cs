// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Server;
using Flower.Rpc.Transport;
using Grpc.Core;
using NUnit.Framework;
using GrpcMetadata = Grpc.Core.Metadata;
using GrpcStatus = Grpc.Core.Status;

namespace Flower.Tests.Rpc;

/// <summary>Calls through the generated stubs: what a caller of gRPC expects.</summary>
internal sealed class CallTests : RpcFixture
{
    [Test]
    public async Task Unary_Answered_ReturnsTheResponseAndKnowsTheSession()
    {
        object? authority = null;
        int pid = 0;
        string? header = null;
        Service.OnConnect = (request, context) =>
        {
            authority = ((SessionCallContext)context).Authority;
            pid = ((SessionCallContext)context).Credentials.Pid;
            header = context.RequestHeaders.GetValue("traceparent");
            Assert.That(Loop.IsCurrent, Is.True);
            return Task.FromResult(new ClientConnectResponse { Labels = { request.Labels.Labels_ } });
        };
        await using SessionChannel channel = await ChannelAsync();

        ClientConnectResponse response = await Stub(channel).ClientConnectAsync(
            new() { Labels = new Labels { Labels_ = { new Label { Key = "a", Value = "1" } } } },
            new GrpcMetadata { { "traceparent", "00-1" } }).Soon();

        Assert.That(response.Labels.Single().Key, Is.EqualTo("a"));
        Assert.That(authority, Is.SameAs(Authority));
        Assert.That(pid, Is.EqualTo(Environment.ProcessId));
        Assert.That(header, Is.EqualTo("00-1"));
    }

    [Test]
    public async Task Unary_Refused_TellsStatusMessageAndTrailers()
    {
        Service.OnConnect = (_, _) => throw new RpcException(
            new GrpcStatus(StatusCode.NotFound, "nothing matches ü"), new GrpcMetadata { { "flower-error-bin", [1, 0, 255] } });
        await using SessionChannel channel = await ChannelAsync();

        RpcException e = await Stub(channel).ClientConnectAsync(new()).Failure();

        Assert.That(e.Status, Is.EqualTo(new GrpcStatus(StatusCode.NotFound, "nothing matches ü")));
        Assert.That(e.Trailers.GetValueBytes("flower-error-bin"), Is.EqualTo(new byte[] { 1, 0, 255 }));
    }

    [Test]
    public async Task Unary_HandlerFaults_InternalAndLogged()
    {
        Log.Expected = "ClientConnect failed";
        Service.OnConnect = (_, _) => throw new InvalidOperationException("secret");
        await using SessionChannel channel = await ChannelAsync();

        RpcException e = await Stub(channel).ClientConnectAsync(new()).Failure();

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Internal));
        Assert.That(e.Status.Detail, Does.Not.Contain("secret"));
    }

    [Test]
    public async Task Unary_DeadlinePasses_BothSidesSeeIt()
    {
        TaskCompletionSource ended = Completion();
        DateTime deadline = default;
        Service.OnConnect = async (_, context) =>
        {
            deadline = context.Deadline;
            await ScriptedService.Forever(context, ended);
            return new();
        };
        await using SessionChannel channel = await ChannelAsync();
        DateTime asked = DateTime.UtcNow.AddMilliseconds(100);

        RpcException e = await Stub(channel).ClientConnectAsync(new(), deadline: asked).Failure();
        await ended.Task.Soon();

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        // The loop's clock counts in steps of up to 4 ms.
        Assert.That(DateTime.UtcNow, Is.GreaterThanOrEqualTo(asked.AddMilliseconds(-10)));
        Assert.That(deadline, Is.EqualTo(asked).Within(TimeSpan.FromSeconds(10)));
    }

    [Test]
    public async Task Unary_DeadlineAtTheServerOnly_ServerEndsTheCall()
    {
        TaskCompletionSource ended = Completion();
        Service.OnConnect = async (_, context) =>
        {
            await ScriptedService.Forever(context, ended);
            return new();
        };
        using RawSession raw = await RawAsync();

        raw.Send(RawSession.Start(1, "ClientConnect", timeoutUs: 20_000), RawSession.Message(1, new ClientConnectRequest()));

        Assert.That(raw.Next()?.Status.Code, Is.EqualTo((uint)StatusCode.DeadlineExceeded));
        await ended.Task.Soon();
    }

    [Test]
    public async Task Unary_DeadlineAlreadyPast_DeadlineExceeded()
    {
        Service.OnConnect = async (_, context) =>
        {
            await ScriptedService.Forever(context, Completion());
            return new();
        };
        await using SessionChannel channel = await ChannelAsync();

        for (int i = 0; i < 50; i++)
        {
            RpcException e = await Stub(channel).ClientConnectAsync(new(), deadline: DateTime.UtcNow.AddSeconds(-1)).Failure();
            Assert.That(e.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        }
    }

    [TestCase(60)]
    [TestCase(400)]
    [TestCase(100_000)]
    public async Task Unary_DeadlineDaysAway_Answered(int days)
    {
        await using SessionChannel channel = await ChannelAsync();

        Assert.That(
            await Stub(channel).ClientConnectAsync(new(), deadline: DateTime.UtcNow.AddDays(days)).Soon(), Is.Not.Null);
    }

    [Test]
    public async Task Unary_Cancelled_BothSidesSeeIt()
    {
        TaskCompletionSource began = Completion();
        TaskCompletionSource ended = Completion();
        Service.OnConnect = async (_, context) =>
        {
            began.SetResult();
            await ScriptedService.Forever(context, ended);
            return new();
        };
        await using SessionChannel channel = await ChannelAsync();
        using var cancellation = new CancellationTokenSource();

        Task<ClientConnectResponse> call =
            Stub(channel).ClientConnectAsync(new(), cancellationToken: cancellation.Token).ResponseAsync;
        await began.Task.Soon();
        await cancellation.CancelAsync();

        Assert.That((await call.Failure()).StatusCode, Is.EqualTo(StatusCode.Cancelled));
        await ended.Task.Soon();
    }

    [Test]
    public async Task Unary_500AtOnce_EachGetsItsOwnAnswer()
    {
        const int Calls = 500;
        int open = 0;
        TaskCompletionSource all = Completion();
        Service.OnConnect = async (request, _) =>
        {
            if (++open == Calls)
            {
                all.SetResult();
            }

            await all.Task;
            return new() { Labels = { request.Labels.Labels_ } };
        };
        await using SessionChannel channel = await ChannelAsync();

        ClientConnectResponse[] responses = await Task.WhenAll(Enumerable.Range(0, Calls).Select(i =>
            Stub(channel).ClientConnectAsync(
                new() { Labels = new Labels { Labels_ = { new Label { Key = $"{i}" } } } }).ResponseAsync)).Soon();

        Assert.That(
            responses.Select(r => r.Labels.Single().Key), Is.EqualTo(Enumerable.Range(0, Calls).Select(i => $"{i}")));
    }

    [Test]
    public async Task Unary_MoreThanTheLimitAtOnce_ResourceExhausted()
    {
        Service.OnConnect = async (_, context) =>
        {
            await ScriptedService.Forever(context, Completion());
            return new();
        };
        await using SessionChannel channel = await ChannelAsync();
        using var cancellation = new CancellationTokenSource();
        var calls = Enumerable.Range(0, PacketLimits.MaxCalls).Select(_ =>
            Stub(channel).ClientConnectAsync(new(), cancellationToken: cancellation.Token).ResponseAsync).ToList();

        RpcException e = await Stub(channel).ClientConnectAsync(new()).Failure();
        await cancellation.CancelAsync();

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(e.Status.Detail, Does.Contain("1024"));
        foreach (Task<ClientConnectResponse> call in calls)
        {
            Assert.That((await call.Failure()).StatusCode, Is.EqualTo(StatusCode.Cancelled));
        }

        Service.OnConnect = (_, _) => Task.FromResult(new ClientConnectResponse());
        Assert.That(await Stub(channel).ClientConnectAsync(new()).Soon(), Is.Not.Null);
    }

    [Test]
    public async Task Unary_RequestTooLarge_ResourceExhaustedAndCostsNoCall()
    {
        await using SessionChannel channel = await ChannelAsync();
        var request = new ClientConnectRequest { Labels = new Labels { RequiredKeys = { new string('x', 70_000) } } };
        for (int i = 0; i < PacketLimits.MaxCalls + 1; i++)
        {
            RpcException e = await Invoke(() => Stub(channel).ClientConnectAsync(request).ResponseAsync).Failure();
            Assert.That(e.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
            Assert.That(e.Status.Detail, Does.Contain("bytes"));
        }

        Assert.That(await Stub(channel).ClientConnectAsync(new()).Soon(), Is.Not.Null);
    }

    [Test]
    public async Task Unary_ResponseTooLarge_ResourceExhaustedAndTheSessionLives()
    {
        Service.OnConnect = (_, _) => Task.FromResult(
            new ClientConnectResponse { Labels = { new Label { Value = new string('x', 70_000) } } });
        await using SessionChannel channel = await ChannelAsync();

        Assert.That(
            (await Stub(channel).ClientConnectAsync(new()).Failure()).StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));

        Service.OnConnect = (_, _) => Task.FromResult(new ClientConnectResponse());
        Assert.That(await Stub(channel).ClientConnectAsync(new()).Soon(), Is.Not.Null);
    }

    [Test]
    public async Task Unary_StatusTooLarge_CallFailsAndTheSessionLives()
    {
        Service.OnConnect = (_, _) => throw new RpcException(
            new GrpcStatus(StatusCode.NotFound, new string('x', 70_000)),
            new GrpcMetadata { { "flower-error-bin", new byte[70_000] } });
        await using SessionChannel channel = await ChannelAsync();

        Assert.That(
            (await Stub(channel).ClientConnectAsync(new()).Failure()).StatusCode, Is.EqualTo(StatusCode.NotFound));

        Service.OnConnect = (_, _) => Task.FromResult(new ClientConnectResponse());
        Assert.That(await Stub(channel).ClientConnectAsync(new()).Soon(), Is.Not.Null);
    }

    [Test]
    public async Task Unary_MethodThatNobodyImplements_Unimplemented()
    {
        await using SessionChannel channel = await ChannelAsync();
        using AsyncDuplexStreamingCall<ResolverStartRequest, ResolverStartResponse> call = Stub(channel).ResolverStart();

        RpcException e = await call.ResponseStream.MoveNext(CancellationToken.None).Failure();

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unimplemented));
    }

    [Test]
    public async Task ServerStreaming_SlowReader_CreditHoldsTheWriterBack()
    {
        const int Messages = 100;
        var suspended = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        int written = 0;
        Service.OnList = async (writer, _) =>
        {
            for (; written < Messages; written++)
            {
                Task write = writer.WriteAsync(new ListResponse());
                if (!write.IsCompleted)
                {
                    suspended.TrySetResult(written);
                }

                await write;
            }
        };
        await using SessionChannel channel = await ChannelAsync();
        using AsyncServerStreamingCall<ListResponse> call = Stub(channel).List(new());

        Assert.That(await suspended.Task.Soon(), Is.EqualTo(PacketLimits.InitialCredit));
        // A whole turn of the loop later, it still waits: nothing was read.
        await Loop.Invoke(() => { }).Soon();
        Assert.That(Volatile.Read(ref written), Is.EqualTo(PacketLimits.InitialCredit));

        int read = 0;
        while (await call.ResponseStream.MoveNext(CancellationToken.None).Soon())
        {
            read++;
        }

        Assert.That(read, Is.EqualTo(Messages));
        Assert.That(call.GetStatus().StatusCode, Is.EqualTo(StatusCode.OK));
    }

    [Test]
    public async Task ServerStreaming_CallerLeavesWhileTheWriterWaits_WriterIsReleased()
    {
        TaskCompletionSource suspended = Completion();
        var outcome = new TaskCompletionSource<Exception?>(TaskCreationOptions.RunContinuationsAsynchronously);
        Service.OnList = async (writer, _) =>
        {
            try
            {
                while (true)
                {
                    Task write = writer.WriteAsync(new ListResponse());
                    if (!write.IsCompleted)
                    {
                        suspended.TrySetResult();
                    }

                    await write;
                }
            }
            catch (OperationCanceledException e)
            {
                outcome.SetResult(e);
                throw;
            }
        };
        await using SessionChannel channel = await ChannelAsync();
        using (AsyncServerStreamingCall<ListResponse> call = Stub(channel).List(new()))
        {
            await suspended.Task.Soon();
        }

        Assert.That(await outcome.Task.Soon(), Is.Not.Null);
    }

    [Test]
    public async Task Duplex_ManyMessagesBothWays_InOrder()
    {
        const int Messages = 200;
        Service.OnServer = async (reader, writer, _) =>
        {
            while (await reader.MoveNext(CancellationToken.None))
            {
                await writer.WriteAsync(
                    new() { Withdrawal = new() { ConnectionId = reader.Current.Answer.ConnectionId } });
            }
        };
        await using SessionChannel channel = await ChannelAsync();
        using AsyncDuplexStreamingCall<ServerStartRequest, ServerStartResponse> call = Stub(channel).ServerStart();

        Task writing = Task.Run(async () =>
        {
            for (ulong i = 0; i < Messages; i++)
            {
                await call.RequestStream.WriteAsync(new() { Answer = new() { ConnectionId = i } });
            }

            await call.RequestStream.CompleteAsync();
        });
        var read = new List<ulong>();
        while (await call.ResponseStream.MoveNext(CancellationToken.None).Soon())
        {
            read.Add(call.ResponseStream.Current.Withdrawal.ConnectionId);
        }

        await writing.Soon();
        Assert.That(read, Is.EqualTo(Enumerable.Range(0, Messages).Select(i => (ulong)i)));
    }

    [Test]
    public async Task Duplex_HandlerDoesNotRead_CreditHoldsTheCallerBack()
    {
        TaskCompletionSource go = Completion();
        int read = 0;
        Service.OnServer = async (reader, _, _) =>
        {
            await go.Task;
            while (await reader.MoveNext(CancellationToken.None))
            {
                read++;
            }
        };
        await using SessionChannel channel = await ChannelAsync();
        using AsyncDuplexStreamingCall<ServerStartRequest, ServerStartResponse> call = Stub(channel).ServerStart();
        for (int i = 0; i < PacketLimits.InitialCredit; i++)
        {
            Assert.That(call.RequestStream.WriteAsync(new() { Answer = new() }).IsCompletedSuccessfully, Is.True);
        }

        Task held = call.RequestStream.WriteAsync(new() { Answer = new() });
        Assert.That(held.IsCompleted, Is.False);
        go.SetResult();
        await held.Soon();
        await call.RequestStream.CompleteAsync().Soon();

        Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.False);
        Assert.That(read, Is.EqualTo(PacketLimits.InitialCredit + 1));
    }

    [Test]
    public async Task Dispose_CallsOpen_UnavailableAndClosedCompletes()
    {
        TaskCompletionSource began = Completion();
        TaskCompletionSource ended = Completion();
        Service.OnConnect = async (_, context) =>
        {
            began.SetResult();
            await ScriptedService.Forever(context, ended);
            return new();
        };
        SessionChannel channel = await ChannelAsync();
        Task<ClientConnectResponse> call = Stub(channel).ClientConnectAsync(new()).ResponseAsync;
        await began.Task.Soon();
        Assert.That(channel.Closed.IsCompleted, Is.False);

        await channel.DisposeAsync();
        await channel.DisposeAsync();

        Assert.That((await call.Failure()).StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(channel.Closed.IsCompletedSuccessfully, Is.True);
        await ended.Task.Soon();
        Assert.That(
            (await Stub(channel).ClientConnectAsync(new()).Failure()).StatusCode, Is.EqualTo(StatusCode.Unavailable));
    }

    [Test]
    public async Task Dispose_OfTheServer_CallsFailWithItsReason()
    {
        TaskCompletionSource began = Completion();
        Service.OnConnect = async (_, context) =>
        {
            began.SetResult();
            await ScriptedService.Forever(context, Completion());
            return new();
        };
        await using SessionChannel channel = await ChannelAsync();
        Task<ClientConnectResponse> call = Stub(channel).ClientConnectAsync(new()).ResponseAsync;
        await began.Task.Soon();

        await Loop.Invoke(Server.Dispose).Soon();

        RpcException e = await call.Failure();
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Status.Detail, Is.EqualTo("the switchboard is stopping"));
        await channel.Closed.Soon();
        Assert.That(Server.SessionCount, Is.Zero);
    }

    [Test]
    public async Task Dispose_WhileResponsesArrive_TheSharedLoopSurvives()
    {
        for (int i = 0; i < 200; i++)
        {
            SessionChannel channel = await ChannelAsync();
            Task[] calls = [.. Enumerable.Range(0, 20).Select(_ => (Task)Stub(channel).ClientConnectAsync(new()).ResponseAsync)];
            await calls[0].Soon();
            await channel.DisposeAsync();
            foreach (Task call in calls)
            {
                try
                {
                    await call.Soon();
                }
                catch (RpcException e)
                {
                    Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
                }
            }
        }
    }

    [Test]
    public async Task OpenShared_OneDescriptor_ManySessions()
    {
        using Flower.Rpc.Interop.Descriptor shared = await ShareAsync();
        await using SessionChannel one = SessionChannel.OpenShared(shared);
        await using SessionChannel two = SessionChannel.OpenShared(shared);

        Assert.That(await Stub(one).ClientConnectAsync(new()).Soon(), Is.Not.Null);
        await one.DisposeAsync();

        Assert.That(await Stub(two).ClientConnectAsync(new()).Soon(), Is.Not.Null);
        Assert.That(shared.IsNonBlocking, Is.False);
    }

    private static TaskCompletionSource Completion() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // A call that fails at once may throw or give a failed task; a caller who awaits sees no difference.
    private static async Task<T> Invoke<T>(Func<Task<T>> call) => await call();
}
