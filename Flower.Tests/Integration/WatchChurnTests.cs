// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Integration;

/// <summary>A board on which much happens: what is told, replayed, is what List tells.</summary>
internal sealed class WatchChurnTests : BoardFixture
{
    private const int Rounds = 6;
    private const int StepsARound = 120;

    // More than two slices of a snapshot.
    private const int Standing = 150;

    private readonly Random _random = new(8);

    [Test]
    public async Task Watch_UnderChurn_ReplayedIsTheListAtAnyPause()
    {
        var sessions = new List<Handle>();
        for (int i = 0; i < 4; i++)
        {
            sessions.Add(await OpenAsync());
        }

        var live = new List<Listener>();
        int made = 0;
        for (int i = 0; i < Standing; i++)
        {
            live.Add(await AddAsync(sessions[i % 4], made++));
        }

        var replays = new List<Replay>();
        for (int round = 0; round < Rounds; round++)
        {
            Task churn = ChurnAsync();
            // In the midst of it, so that each of their snapshots is taken while targets come, change and go.
            replays.Add(new(await OpenAsync(), Labels()));
            replays.Add(new(await OpenAsync(), Labels("half=1")));
            await churn.Soon();
            foreach (Handle session in sessions)
            {
                // What a server says of itself is not answered: this is, and comes after it.
                await session.StatsAsync().Soon();
            }

            await using Listener fence = await Root.ListenAsync(Labels($"fence={round}")).Soon();
            foreach (Replay replay in replays)
            {
                // Of a target that changes often is told a little later how it is.
                List<string> listed = await ListAsync(replay.Filter);
                await replay.UntilAsync($"{round}", listed).Soon();
                Assert.That(replay.Targets, Is.EqualTo(listed), $"round {round}");
            }
        }

        foreach (Replay replay in replays)
        {
            await replay.DisposeAsync();
        }

        foreach (Listener listener in live)
        {
            await listener.DisposeAsync();
        }

        foreach (Handle session in sessions)
        {
            await session.DisposeAsync();
        }

        async Task ChurnAsync()
        {
            for (int step = 0; step < StepsARound; step++)
            {
                int at = _random.Next(live.Count);
                switch (_random.Next(5))
                {
                    case 0:
                        live.Add(await AddAsync(sessions[_random.Next(4)], made++));
                        break;
                    case 1 when live.Count > 20:
                        await live[at].DisposeAsync();
                        live.RemoveAt(at);
                        break;
                    case 2:
                        await live[at].UpdateAsync(weight: _random.Next(1, 50));
                        break;
                    case 3:
                        await live[at].UpdateAsync(draining: _random.Next(2) == 0);
                        break;
                    default:
                        await sessions[0].UpdateTargetsAsync(
                            Labels($"half={_random.Next(2)}"), weight: _random.Next(1, 5), draining: _random.Next(2) == 0);
                        break;
                }
            }
        }
    }

    // Reads nothing while more happens than may wait, and is told exactly how much that was.
    [Test]
    public async Task Watch_SlowReader_IsToldHowMuchItMissedAndBeginsAnew()
    {
        // Each is told twice: asked, and refused.
        const int connects = 1500;
        const ulong changes = 2 * connects;
        await using Listener listener = await Root.ListenAsync(Labels("service=x")).Soon();
        await using SessionChannel channel = SessionChannel.ConnectPath(SocketPath);
        using AsyncServerStreamingCall<WatchResponse> call =
            new Flower.Protocol.V1.Switchboard.SwitchboardClient(channel).Watch(new());
        Assert.That(await call.ResponseStream.MoveNext(default).Soon(), Is.True);
        List<Event> told = [.. call.ResponseStream.Current.Events];
        while (told[^1].SnapshotEnded is null)
        {
            await call.ResponseStream.MoveNext(default).Soon();
            told.AddRange(call.ResponseStream.Current.Events);
        }

        told.Clear();
        for (int i = 1; i <= connects; i++)
        {
            await Refused(Root.ConnectAsync(Labels("service=none")));
        }

        ulong counted = 0;
        var snapshots = new List<ulong>();
        while (counted < changes)
        {
            Assert.That(await call.ResponseStream.MoveNext(default).Soon(), Is.True);
            foreach (Event happened in call.ResponseStream.Current.Events)
            {
                told.Add(happened);
                if (happened.SnapshotBegun is SnapshotBegun begun)
                {
                    Assert.That(begun.HasMissed, Is.True);
                    snapshots.Add(begun.Missed);
                    counted += begun.Missed;
                }
                else
                {
                    counted += happened.Connect is null ? 0 : 1ul;
                }
            }
        }

        Assert.That(snapshots, Is.Not.Empty);
        Assert.That(snapshots, Has.All.GreaterThan(1024));
        Assert.That(counted, Is.EqualTo(changes), "each was told, or counted as missed");
        Assert.That(told.Select(e => e.Sequence), Is.Ordered);

        // It goes on as before.
        await Root.UpdateTargetsAsync(Labels("service=x"), weight: 60_000).Soon();
        do
        {
            Assert.That(await call.ResponseStream.MoveNext(default).Soon(), Is.True);
        }
        while (call.ResponseStream.Current.Events[^1].Target?.Target.Weight != 60_000);
    }

    private static Task<Listener> AddAsync(Handle over, int number) =>
        over.ListenAsync(Labels($"number={number}", $"half={number % 2}")).Soon();

    private async Task<List<string>> ListAsync(LabelSet filter) =>
        [.. (await Root.ListAsync(filter).ToListAsync()).Select(Describe).Order(StringComparer.Ordinal)];

    private static string Describe(TargetInfo target) =>
        $"{target.Kind} {string.Join(' ', target.Labels.Select(l => $"{l.Key}={l.Value}/{l.Source}"))} "
        + $"{string.Join(' ', target.RequiredKeys)} {target.Weight} {target.IsDraining} {target.OpenConnections}";

    /// <summary>The targets as they follow from what is told.</summary>
    private sealed class Replay(Handle handle, LabelSet filter) : IAsyncDisposable
    {
        private readonly IAsyncEnumerator<BoardEvent> _told = handle.WatchAsync(filter).GetAsyncEnumerator();
        private readonly Dictionary<ulong, TargetInfo> _targets = [];
        private bool _isComplete;

        public LabelSet Filter { get; } = filter;

        public List<string> Targets => [.. _targets.Values.Select(Describe).Order(StringComparer.Ordinal)];

        /// <summary>Reads until it was told of a fence, a snapshot is complete, and these are the targets.</summary>
        public async Task UntilAsync(string fence, List<string> listed)
        {
            while (!_isComplete || !_targets.Values.Any(t => t.Labels["fence"] == fence) || !Targets.SequenceEqual(listed))
            {
                Assert.That(await _told.MoveNextAsync(), Is.True);
                switch (_told.Current)
                {
                    case SnapshotNotice snapshot:
                        _isComplete = snapshot.HasEnded;
                        if (!snapshot.HasEnded)
                        {
                            _targets.Clear();
                        }

                        break;
                    case TargetNotice { Change: TargetChange.Removed } removed:
                        Assert.That(_targets.Remove(removed.TargetId), Is.True, "only what was told is removed");
                        break;
                    case TargetNotice { Change: TargetChange.Listed or TargetChange.Added } added:
                        _targets.Add(added.TargetId, added.Target);
                        break;
                    case TargetNotice changed:
                        Assert.That(_targets.ContainsKey(changed.TargetId), Is.True, "only what was told changes");
                        _targets[changed.TargetId] = changed.Target;
                        break;
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _told.DisposeAsync();
            await handle.DisposeAsync();
        }
    }
}
