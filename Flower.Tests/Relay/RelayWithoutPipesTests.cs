// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Relay;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Relay;

/// <summary>At the limit of descriptors there are no pipes: everything is copied.</summary>
internal sealed class RelayWithoutPipesTests : RelayFixture
{
    protected override Relays NewRelays() => new(1, static _ => null);

    [TestCaseSource(nameof(Kinds))]
    public async Task RunAsync_BulkBothWays_IsCopied(AddressFamily clients, AddressFamily servers)
    {
        const int bytes = 20_000_000;
        (Socket client, Socket server, Task<RelayedBytes> relay) = Open(clients, servers);

        string[] hashes = await Task.WhenAll(
            FillAsync(client, bytes, 1), DrainAsync(server), FillAsync(server, bytes, 2), DrainAsync(client))
            .WaitAsync(TimeSpan.FromSeconds(60));

        Assert.That(hashes[1], Is.EqualTo(hashes[0]));
        Assert.That(hashes[3], Is.EqualTo(hashes[2]));
        Assert.That(await relay.Soon(), Is.EqualTo(new RelayedBytes(bytes, bytes)));
        Assert.That(Relays.SplicedBytes, Is.Zero);
    }
}
