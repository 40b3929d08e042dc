// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
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
        Flower.Protocol.V1.Status? refused = null;

        // More than one second's worth at once, whatever the machine is at.
        for (int i = 0; i < 600 && refused is null; i++)
        {
            RawSession.TryOpen(shared, out refused)?.Dispose();
        }

        Assert.That(refused?.Code, Is.EqualTo((uint)StatusCode.ResourceExhausted));
        Assert.That(refused!.Message, Does.Contain("quota connects_per_second of handle").And.Contain("the limit is 40"));
        await using Handle other = await NarrowAsync(Root, [], []);
        await using Listener listener = await other.ListenAsync(Labels("a=1"));
    }
}
