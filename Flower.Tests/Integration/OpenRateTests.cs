// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using Google.Protobuf;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>How fast sessions may be opened over a handle that many share.</summary>
internal sealed class OpenRateTests : BoardFixture
{
    protected override string Configuration => """{ "quotas": { "handle": { "connects_per_second": 40 } } }""";

    [Test]
    public async Task Open_Flood_IsRefusedAndOtherHandlesGoOn()
    {
        using Descriptor shared = await Root.ConstrainToDescriptorAsync(AllRights, LabelSet.Empty, LabelSet.Empty);
        Frame? refused = null;

        // More than one second's worth at once, whatever the machine is at.
        for (int i = 0; i < 600 && refused is null; i++)
        {
            (Descriptor own, Descriptor theirs) = UnixSocket.PacketPair();
            using var session = new RawSession(own);
            var open = new Packet { Frames = { new Frame { FdCount = 1, Open = new Open { Session = new() } } } };
            UnixSocket.Send(shared, open.ToByteArray(), [theirs]);
            theirs.Dispose();
            _ = UnixSocket.Send(own, new Packet { Frames = { RawSession.Call(1, "List") } }.ToByteArray(), []);
            Frame? first = session.Next();
            refused = first is { CallId: 0 } ? first : null;
        }

        Assert.That(refused?.Status?.Code, Is.EqualTo((uint)StatusCode.ResourceExhausted));
        Assert.That(refused!.Status.Message, Does.Contain("quota connects_per_second of handle").And.Contain("the limit is 40"));
        await using Handle other = await NarrowAsync(Root, [], []);
        await using Listener listener = await other.ListenAsync(Labels("a=1"));
    }
}
