// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using System.Security.Cryptography;
using Flower.Relay;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Relay;

/// <summary>What somebody sees of a relay: all of it, in order, whichever way it is moved.</summary>
[TestFixture(true)]
[TestFixture(false)]
internal sealed class RelayObserverTests(bool hasPipesToSpare) : RelayFixture
{
    private int _pipes;

    // Two at most, so that each direction has one and none is left to tee into.
    protected override Relays NewRelays()
    {
        _pipes = 0;
        return new(1, bytes => hasPipesToSpare || _pipes++ < 2 ? KernelPipe.TryCreate(bytes) : null);
    }

    [TestCaseSource(nameof(Kinds))]
    public async Task Observer_BulkBothWays_SeesWhatArrives(AddressFamily clients, AddressFamily servers)
    {
        const int bytes = 20_000_000;
        using var seen = new Seen();
        using Socket client = Ends(clients, out Descriptor one);
        using Socket server = Ends(servers, out Descriptor other);
        Task<RelayedBytes> relay = Relays.RunAsync(one, other, seen, CancellationToken.None);

        string[] hashes = await Task.WhenAll(
            FillAsync(client, bytes, 1), DrainAsync(server), FillAsync(server, bytes, 2), DrainAsync(client))
            .WaitAsync(TimeSpan.FromSeconds(120));

        Assert.That(await relay.Soon(), Is.EqualTo(new RelayedBytes(bytes, bytes)));
        Assert.That(hashes[1], Is.EqualTo(hashes[0]));
        Assert.That(hashes[3], Is.EqualTo(hashes[2]));
        Assert.That(seen.Hashes(), Is.EqualTo(new[] { hashes[0], hashes[2] }));
        Assert.That(seen.Ends, Is.EquivalentTo(new[] { true, false }));
        Assert.That(seen.Closed, Is.EqualTo((false, new RelayedBytes(bytes, bytes))));
        Assert.That(Relays.SplicedBytes, Is.GreaterThan(0));
    }

    [Test]
    public async Task Observer_RelayCancelled_IsToldOfAReset()
    {
        using var seen = new Seen();
        using var cancel = new CancellationTokenSource();
        using Socket client = Ends(AddressFamily.Unix, out Descriptor one);
        using Socket server = Ends(AddressFamily.Unix, out Descriptor other);
        Task<RelayedBytes> relay = Relays.RunAsync(one, other, seen, cancel.Token);
        Write(client, "question");
        Assert.That(Read(server, 8), Is.EqualTo("question"));

        cancel.Cancel();

        Assert.That(async () => await relay.Soon(), Throws.InstanceOf<OperationCanceledException>());
        Assert.That(seen.Closed, Is.EqualTo((true, new RelayedBytes(8, 0))));
        Assert.That(seen.Ends, Is.Empty);
    }

    private sealed class Seen : IRelayObserver, IDisposable
    {
        private readonly IncrementalHash[] _hashes =
            [IncrementalHash.CreateHash(HashAlgorithmName.SHA256), IncrementalHash.CreateHash(HashAlgorithmName.SHA256)];

        public List<bool> Ends { get; } = [];

        public (bool IsReset, RelayedBytes Bytes)? Closed { get; private set; }

        public bool WantsBytes => true;

        public string[] Hashes() => [.. _hashes.Select(hash => Convert.ToHexString(hash.GetHashAndReset()))];

        public void Moving(bool toOther, ReadOnlySpan<byte> bytes) => _hashes[toOther ? 0 : 1].AppendData(bytes);

        public void Ended(bool toOther) => Ends.Add(toOther);

        void IRelayObserver.Closed(bool isReset, RelayedBytes bytes) => Closed = (isReset, bytes);

        public void Dispose() => Array.ForEach(_hashes, hash => hash.Dispose());
    }
}
