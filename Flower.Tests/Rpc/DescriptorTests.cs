// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>Descriptors in messages: who gets them, and that they are closed when nobody does.</summary>
internal sealed class DescriptorTests : RpcFixture
{
    [Test]
    public async Task Request_WithDescriptor_ArrivesAsTheSameSocketCloseOnExec()
    {
        string? file = null;
        bool closeOnExec = false;
        Service.OnIngress = (request, _) =>
        {
            using SafeHandle handle = request.Socket.Handle!;
            file = DescriptorLedger.FileOf(handle.DangerousGetHandle());
            closeOnExec = ((Descriptor)handle).IsCloseOnExec;
            return Task.FromResult(new IngressConnectResponse());
        };
        await using SessionChannel channel = await ChannelAsync();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;
        string sent = DescriptorLedger.FileOf(given.DangerousGetHandle());

        await Stub(channel).IngressConnectAsync(new() { Socket = FileDescriptor.Adopt(given) }).Soon();

        Assert.That(file, Is.EqualTo(sent));
        Assert.That(closeOnExec, Is.True);
        Assert.That(given.IsClosed, Is.True);
        AssertClosed(kept);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Request_WithLentDescriptor_IsClosedByWhoeverIsLast(bool isLenderLast)
    {
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource<IngressConnectResponse>();
        Service.OnIngress = (request, _) =>
        {
            request.Socket.Handle!.Dispose();
            asked.SetResult();
            return answer.Task;
        };
        await using SessionChannel channel = await ChannelAsync();
        (Descriptor owned, Descriptor kept) = Pair();
        using Descriptor held = kept;
        string file = DescriptorLedger.FileOf(owned.DangerousGetHandle());
        Descriptor lent = owned.Lend();
        if (!isLenderLast)
        {
            owned.Dispose();
        }

        Task<IngressConnectResponse> asking =
            Stub(channel).IngressConnectAsync(new() { Socket = FileDescriptor.Adopt(lent) }).ResponseAsync;
        await asked.Task.Soon();
        answer.SetResult(new());
        await asking.Soon();

        Assert.That(lent.IsClosed, Is.True, "it was sent");
        if (isLenderLast)
        {
            Assert.That(DescriptorLedger.FileOf(owned.DangerousGetHandle()), Is.EqualTo(file));
            owned.Dispose();
        }

        AssertClosed(kept);
        Assert.That(owned.Lend, Throws.InstanceOf<ObjectDisposedException>());
    }

    [Test]
    public void Lent_IsNotMoved()
    {
        (Descriptor owned, Descriptor kept) = Pair();
        using Descriptor held = kept;
        using (owned)
        using (Descriptor lent = owned.Lend())
        {
            Assert.That(lent.ToSocketHandle, Throws.InvalidOperationException);
            Assert.That(owned.ToSocketHandle, Throws.InvalidOperationException);
            lent.Dispose();
            owned.ToSocketHandle().Dispose();
        }

        AssertClosed(kept);
    }

    [Test]
    public async Task Response_WithDescriptor_ArrivesAsTheSameSocketCloseOnExec()
    {
        string? sent = null;
        Service.OnConnect = (_, _) =>
        {
            (Descriptor given, Descriptor kept) = Pair();
            kept.Dispose();
            sent = DescriptorLedger.FileOf(given.DangerousGetHandle());
            return Task.FromResult(new ClientConnectResponse { Socket = FileDescriptor.Adopt(given) });
        };
        await using SessionChannel channel = await ChannelAsync();

        ClientConnectResponse response = await Stub(channel).ClientConnectAsync(new()).Soon();

        using var received = (Descriptor)response.Socket.Handle!;
        Assert.That(DescriptorLedger.FileOf(received.DangerousGetHandle()), Is.EqualTo(sent));
        Assert.That(received.IsCloseOnExec, Is.True);
        Assert.That(received.IsNonBlocking, Is.False);
    }

    [Test]
    public async Task Responses_ManyWithDescriptorsInOneTurn_EachGetsItsOwn()
    {
        // More than the kernel takes in one packet.
        const int Calls = 600;
        string[] files = new string[Calls];
        int open = 0;
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Service.OnConnect = async (request, _) =>
        {
            int mine = open++;
            (Descriptor given, Descriptor kept) = Pair();
            kept.Dispose();
            files[mine] = DescriptorLedger.FileOf(given.DangerousGetHandle());
            if (open == Calls)
            {
                all.SetResult();
            }

            await all.Task;
            return new() { Labels = { new Label { Key = $"{mine}" } }, Socket = FileDescriptor.Adopt(given) };
        };
        await using SessionChannel channel = await ChannelAsync();

        ClientConnectResponse[] responses = await Task.WhenAll(
            Enumerable.Range(0, Calls).Select(_ => Stub(channel).ClientConnectAsync(new()).ResponseAsync)).Soon();

        foreach (ClientConnectResponse response in responses)
        {
            using SafeHandle handle = response.Socket.Handle!;
            int mine = int.Parse(response.Labels[0].Key, System.Globalization.CultureInfo.InvariantCulture);
            Assert.That(DescriptorLedger.FileOf(handle.DangerousGetHandle()), Is.EqualTo(files[mine]));
        }
    }

    [Test]
    public async Task Response_AfterTheDeadline_DescriptorIsClosed()
    {
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;
        Service.OnConnect = async (_, context) =>
        {
            var ended = new TaskCompletionSource();
            await Task.WhenAny(ScriptedService.Forever(context, ended));
            return new() { Socket = FileDescriptor.Adopt(given) };
        };
        await using SessionChannel channel = await ChannelAsync();

        RpcException e = await Stub(channel).ClientConnectAsync(
            new(), deadline: DateTime.UtcNow.AddMilliseconds(50)).Failure();

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.DeadlineExceeded));
        AssertClosed(kept);
    }

    [Test]
    public async Task Response_AfterTheSessionEnded_DescriptorIsClosed()
    {
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;
        var began = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Service.OnConnect = async (_, context) =>
        {
            began.SetResult();
            await Task.WhenAny(ScriptedService.Forever(context, new TaskCompletionSource()));
            return new() { Socket = FileDescriptor.Adopt(given) };
        };
        SessionChannel channel = await ChannelAsync();
        Task<ClientConnectResponse> call = Stub(channel).ClientConnectAsync(new()).ResponseAsync;
        await began.Task.Soon();

        await channel.DisposeAsync();

        Assert.That((await call.Failure()).StatusCode, Is.EqualTo(StatusCode.Unavailable));
        AssertClosed(kept);
    }

    [Test]
    public async Task Response_RacesWithCancellation_NothingLeaks()
    {
        Service.OnConnect = (_, _) =>
        {
            (Descriptor given, Descriptor kept) = Pair();
            kept.Dispose();
            return Task.FromResult(new ClientConnectResponse { Socket = FileDescriptor.Adopt(given) });
        };
        await using SessionChannel channel = await ChannelAsync();

        for (int i = 0; i < 1000; i++)
        {
            using var cancellation = new CancellationTokenSource();
            Task<ClientConnectResponse> call =
                Stub(channel).ClientConnectAsync(new(), cancellationToken: cancellation.Token).ResponseAsync;
            if (i % 2 == 0)
            {
                Thread.SpinWait(i * 4);
            }

            await cancellation.CancelAsync();
            try
            {
                (await call.Soon()).Socket.Handle!.Dispose();
            }
            catch (RpcException e)
            {
                Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Cancelled));
            }
        }
    }

    [Test]
    public async Task Stream_NotReadToTheEnd_DescriptorsAreClosed()
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Service.OnServer = async (_, writer, context) =>
        {
            for (int i = 0; i < 40; i++)
            {
                (Descriptor given, Descriptor kept) = Pair();
                kept.Dispose();
                Task write = writer.WriteAsync(new() { Delivery = new() { Socket = FileDescriptor.Adopt(given) } });
                if (!write.IsCompleted)
                {
                    written.TrySetResult();
                }

                await write;
            }
        };
        await using SessionChannel channel = await ChannelAsync();
        using (AsyncDuplexStreamingCall<ServerStartRequest, ServerStartResponse> call = Stub(channel).ServerStart())
        {
            Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Soon(), Is.True);
            call.ResponseStream.Current.Delivery.Socket.Handle!.Dispose();
            await written.Task.Soon();
        }
    }

    [Test]
    public async Task Stream_RequestsThatTheHandlerNeverReads_DescriptorsAreClosed()
    {
        Service.OnServer = (_, _, context) =>
            ScriptedService.Forever(context, new TaskCompletionSource());
        await using SessionChannel channel = await ChannelAsync();
        var kept = new List<Descriptor>();
        using (AsyncDuplexStreamingCall<ServerStartRequest, ServerStartResponse> call = Stub(channel).ServerStart())
        {
            for (int i = 0; i < PacketLimits.InitialCredit; i++)
            {
                (Descriptor given, Descriptor other) = Pair();
                kept.Add(other);
                await call.RequestStream.WriteAsync(
                    new() { Answer = new() { Accept = new() { Socket = FileDescriptor.Adopt(given) } } }).Soon();
            }
        }

        foreach (Descriptor other in kept)
        {
            AssertClosed(other);
            other.Dispose();
        }
    }

    [Test]
    public async Task Request_OnADisposedChannel_DescriptorIsClosed()
    {
        SessionChannel channel = await ChannelAsync();
        await channel.DisposeAsync();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;

        RpcException e = await Stub(channel).IngressConnectAsync(
            new() { Socket = FileDescriptor.Adopt(given) }).Failure();

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(given.IsClosed, Is.True);
    }

    [Test]
    public async Task Request_TooLarge_DescriptorIsClosed()
    {
        await using SessionChannel channel = await ChannelAsync();
        (Descriptor given, Descriptor kept) = Pair();
        using Descriptor held = kept;
        var request = new IngressConnectRequest
        {
            Socket = FileDescriptor.Adopt(given),
            Labels = new Labels { RequiredKeys = { new string('x', 70_000) } },
        };

        Assert.That(
            (await Call(() => Stub(channel).IngressConnectAsync(request).ResponseAsync).Failure()).StatusCode,
            Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(given.IsClosed, Is.True);
    }

    private static async Task<T> Call<T>(Func<Task<T>> call) => await call();
}
