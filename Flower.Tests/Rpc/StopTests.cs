// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>Sessions that their authority ends.</summary>
internal sealed class StopTests : RpcFixture
{
    [Test]
    public async Task Stop_OpensStillQueued_EachIsToldWhyItGetsNoSession()
    {
        const int Openers = 50;
        using Descriptor shared = await ShareAsync();
        var opened = new List<SessionChannel>();

        // On the loop, so that it cannot read what is sent meanwhile.
        await Loop.Invoke(() =>
        {
            SynchronizationContext? loop = SynchronizationContext.Current;
            SynchronizationContext.SetSynchronizationContext(null);
            for (int i = 0; i < Openers; i++)
            {
                opened.Add(SessionChannel.OpenShared(shared));
            }

            SynchronizationContext.SetSynchronizationContext(loop);
            Authority.RefusesAdmission = new(StatusCode.PermissionDenied, "taken back");
            Authority.Sessions.Single().Stop(StatusCode.PermissionDenied, "taken back");
        }).Soon();

        foreach (SessionChannel channel in opened)
        {
            RpcException e = await Stub(channel).ClientConnectAsync(new()).Failure();
            Assert.That(e.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
            Assert.That(e.Status.Detail, Is.EqualTo("taken back"));
            await channel.DisposeAsync();
        }

        Assert.That(Authority.Sessions, Is.Empty);
        Assert.That(
            () => SessionChannel.OpenShared(shared), Throws.InstanceOf<FlowerSocketException>());
    }

    [Test]
    public async Task Stop_CallsInFlight_EndWithTheReason()
    {
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Service.OnConnect = async (_, context) =>
        {
            begun.SetResult();
            await ScriptedService.Forever(context, ended);
            return new();
        };
        SessionChannel channel = await ChannelAsync();
        AsyncUnaryCall<ClientConnectResponse> waiting = Stub(channel).ClientConnectAsync(new());
        await begun.Task.Soon();

        await Loop.Invoke(() =>
        {
            foreach (ISession session in Authority.Sessions.ToArray())
            {
                session.Stop(StatusCode.PermissionDenied, "taken back");
            }
        }).Soon();

        Assert.That((await waiting.Failure()).StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
        await ended.Task.Soon();
        await channel.DisposeAsync();
    }

    [Test]
    public async Task Stop_OwnedSession_LendsItsProcessNoMore()
    {
        Authority.RefusesAdmission = null;
        using RawSession peer = await RawAsync();
        peer.Send(new Frame { Hello = new Hello { Version = 1 } });
        Assert.That(peer.Next(), Is.Not.Null);
        ISession session = null!;

        await Loop.Invoke(() =>
        {
            session = Authority.Sessions.Single();
            session.Stop(StatusCode.PermissionDenied, "taken back");
        }).Soon();

        Assert.That(session.Owner, Is.Not.Null);
        Assert.That(session.ProcessDescriptor, Is.Null);
    }
}
