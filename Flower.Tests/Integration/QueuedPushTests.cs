// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>Pushes that are given up while they wait for a switchboard that does not read.</summary>
internal sealed class QueuedPushTests : AwayFixture
{
    private const int Pushes = 200;

    private static readonly TimeSpan SoonGivenUp = TimeSpan.FromMilliseconds(300);

    [TestCase(false)]
    [TestCase(true)]
    public async Task Push_GivenUpInTheQueue_IsSentWholeAndTheSessionGoesOn(bool mayRelay)
    {
        (Handle handle, RawSession peer) = await OpenAsync();
        await using Handle owned = handle;
        LabelSet labels = LabelSet.Create(("a", new string('x', 4000)));
        var kept = new List<Descriptor>();
        var pushing = new List<Task>();
        for (int i = 0; i < Pushes; i++)
        {
            (Descriptor given, Descriptor other) = UnixSocket.StreamPair();
            kept.Add(other);
            pushing.Add(mayRelay ? RelayAsync(handle, given, labels) : PushAsync(handle, given, labels));
        }

        foreach (Task push in pushing)
        {
            Assert.That(
                () => push.Soon(),
                Throws.InstanceOf<FlowerException>().With.Property("StatusCode").EqualTo(StatusCode.DeadlineExceeded));
        }

        Assert.That(kept.Count(UnixSocket.IsHungUp), Is.Zero, "some are sent, and some wait");
        int arrived = 0;
        for (int cancelled = 0; cancelled < Pushes;)
        {
            var sent = new List<Descriptor>();
            Frame frame = peer.Next(sent)!;
            arrived += sent.Count;
            sent.ForEach(descriptor => descriptor.Dispose());
            cancelled += frame.KindCase == Frame.KindOneofCase.Cancel ? 1 : 0;
        }

        Assert.That(arrived, Is.EqualTo(Pushes));
        foreach (Descriptor other in kept)
        {
            Waiting.Until(() => UnixSocket.IsHungUp(other), "a socket is still open somewhere");
            other.Dispose();
        }

        Task<Connection> connecting = handle.ConnectAsync(LabelSet.Empty);
        (uint call, _) = ScriptedSwitchboard.Expect<ClientConnectRequest>(peer, "ClientConnect");
        peer.Send(ScriptedSwitchboard.Status(call, StatusCode.NotFound));
        Assert.That(() => connecting.Soon(), Throws.InstanceOf<FlowerException>());
    }

    private static async Task PushAsync(Handle handle, Descriptor given, LabelSet labels) =>
        await handle.PushDescriptorAsync(given, labels, new() { Timeout = SoonGivenUp });

    private static async Task RelayAsync(Handle handle, Descriptor given, LabelSet labels)
    {
        using (given)
        {
            await handle.PushOrRelayAsync(given, labels, new() { Timeout = SoonGivenUp });
        }
    }
}
