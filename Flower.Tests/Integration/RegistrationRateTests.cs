// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>How often servers may be registered over a handle.</summary>
internal sealed class RegistrationRateTests : BoardFixture
{
    // More than the machine takes long for, so that what is refilled meanwhile does not matter.
    private const int Most = 500;

    protected override string Configuration =>
        """{ "quotas": { "handle": { "targets": 20, "registrations_per_second": 1 } } }""";

    [Test]
    public async Task Register_AgainAndAgain_IsRefusedAndOtherHandlesGoOn()
    {
        await using Handle narrow = await NarrowAsync(Root, [], []);
        FlowerException? refused = null;
        int registered = 0;
        for (int i = 0; i < Most && refused is null; i++)
        {
            try
            {
                await (await narrow.ListenAsync(Labels($"n={i}")).Soon()).DisposeAsync();
                registered++;
            }
            catch (FlowerException e)
            {
                refused = e;
            }
        }

        Assert.That(refused?.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(
            refused!.Message,
            Does.Contain("quota registrations_per_second of handle").And.Contain("the limit is 1"));
        Assert.That(registered, Is.GreaterThanOrEqualTo(20), "all that it may have come at once");
        await using Handle other = await NarrowAsync(Root, [], []);
        await using Listener listener = await other.ListenAsync(Labels("n=other"));
    }
}
