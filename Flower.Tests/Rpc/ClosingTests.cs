// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>Descriptors whose close(2) waits hold up whoever closes them, and nobody else.</summary>
internal sealed class ClosingTests : RpcFixture
{
    [Test]
    public async Task Descriptor_ThatLingers_InABadPacket_HoldsUpNobody()
    {
        using RawSession raw = await RawAsync();
        using RawSession other = await RawAsync();
        using var lingering = new LingeringSocket();

        raw.Send([lingering.Descriptor], RawSession.Message(1, new IngressConnectRequest(), 2));
        lingering.Descriptor.Dispose();

        AssertServed(other);
        AssertAllClosed();
        Assert.That(Log.Warnings, Has.Some.Contains("whose frames name 2"));
    }

    [Test]
    public async Task Descriptor_ThatLingers_UnreadInASessionThatEnds_HoldsUpNobody()
    {
        ISession? session = null;
        Service.OnConnect = (_, context) =>
        {
            session ??= ((SessionCallContext)context).Session;
            return Task.FromResult(new ClientConnectResponse());
        };
        using RawSession raw = await RawAsync();
        AssertServed(raw);
        using RawSession other = await RawAsync();
        using var lingering = new LingeringSocket();

        await Loop.Invoke(() =>
        {
            raw.Send([lingering.Descriptor], RawSession.Message(1, new IngressConnectRequest(), 1));
            lingering.Descriptor.Dispose();
            session!.Stop(Grpc.Core.StatusCode.Unavailable, "enough");
        }).Soon();

        AssertServed(other);
        AssertAllClosed();
    }

    [Test]
    public async Task Descriptors_ThatLinger_Many_AreAllClosed()
    {
        using RawSession raw = await RawAsync();
        using RawSession other = await RawAsync();
        LingeringSocket[] lingering = [.. Enumerable.Range(0, 8).Select(_ => new LingeringSocket())];

        raw.Send(
            [.. lingering.Select(l => l.Descriptor)],
            RawSession.Start(1, "IngressConnect"),
            RawSession.Message(1, new IngressConnectRequest(), 8));
        Array.ForEach(lingering, l => l.Descriptor.Dispose());

        AssertServed(other);
        AssertAllClosed();
        Array.ForEach(lingering, l => l.Dispose());
        Assert.That(Log.Warnings, Has.Some.Contains("8 descriptors that names 0"));
    }

    [Test]
    public void LingeringSocket_Lingers()
    {
        using var lingering = new LingeringSocket();
        Assert.That(lingering.Linger, Is.EqualTo(3600));
        Assert.That(StreamSocket.MayWaitAtClose(lingering.Descriptor), Is.True);
    }

    [Test]
    public void MayWaitAtClose_PairWithoutAnythingUnread_DoesNot()
    {
        (Descriptor one, Descriptor other) = Pair();
        using (one)
        using (other)
        {
            Assert.That(StreamSocket.MayWaitAtClose(one), Is.False);
            UnixSocket.SendDescriptor(other, other);
            Assert.That(StreamSocket.MayWaitAtClose(one), Is.True);
        }
    }

    private static void AssertServed(RawSession other)
    {
        other.Send(RawSession.Call(1, "ClientConnect"));
        Assert.That(other.Next()?.KindCase, Is.EqualTo(Frame.KindOneofCase.Message));
        Assert.That(other.Next()?.Status.Code, Is.Zero);
    }

    private static void AssertAllClosed() =>
        Waiting.Until(() => DescriptorCloser.Pending == 0, "a descriptor is still being closed");
}
