// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.Watching;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Handle = Flower.Switchboard.Routing.Handle;
using Target = Flower.Switchboard.Sessions.Target;

namespace Flower.Tests.Watching;

/// <summary>Changes between any two slices of a snapshot: replayed, they are what List tells.</summary>
internal sealed class WatcherTests
{
    [Test]
    public void Next_ChangesBetweenSlices_ReplayedIsTheList([Values(1, 2, 3, 4, 5, 6, 7, 8)] int seed)
    {
        using var loop = new EventLoop("watcher", null);
        var random = new Random(seed);
        var board = new Board(
            NullLogger.Instance, new DeadlineQueue(loop, TimeSpan.FromHours(1)), new RevocableConnections(loop))
        {
            QuestionDeadlines = new DeadlineQueue(loop, TimeSpan.FromHours(1)),
            AttemptDelays = new DeadlineQueue(loop, TimeSpan.FromHours(1)),
        };
        Handle all = Handle.CreateRoot(Rights.All, LabelSet.Empty, LabelSet.Empty);
        var credentials = new Credentials { Pid = 1, Uid = 0 };
        var caller = new Caller(new HandleNode(board.Handles, all, null, credentials, 0), credentials);
        var live = new List<Target>();
        int made = 0;
        for (int i = 0; i < 400; i++)
        {
            Add();
        }

        var viewer = new Viewer(caller, null);
        var watcher = new Watcher(board, viewer, isResumed: false);
        board.Events.Add(watcher);
        var replayed = new Dictionary<ulong, Flower.Protocol.V1.Target>();
        int slices = 0;
        bool isComplete = false;
        while (!isComplete)
        {
            Replay(watcher.Next());
            slices++;
            for (int i = 0; i < 30 && !isComplete; i++)
            {
                Change();
            }
        }

        for (int i = 0; i < 100; i++)
        {
            Change();
        }

        board.Events.Flush();
        while (watcher.Next() is WatchResponse rest)
        {
            Replay(rest);
        }

        Assert.That(slices, Is.GreaterThan(4));
        Assert.That(replayed.Keys, Is.EquivalentTo(live.Select(target => (ulong)target.Registration)));
        foreach (Target target in live)
        {
            Assert.That(replayed[(ulong)target.Registration], Is.EqualTo(Listing.Describe(target, all)));
        }

        void Add()
        {
            var target = new Target(
                TargetKind.Server, caller, LabelSet.Create(("number", $"{made++}")), new ServerStream(null!), new TargetStart());
            board.Register(target);
            live.Add(target);
        }

        void Change()
        {
            int at = random.Next(live.Count);
            switch (random.Next(5))
            {
                case 0:
                    Add();
                    break;
                case 4:
                    // As when a second has passed.
                    board.Events.Flush();
                    break;
                case 1:
                    board.Unregister(live[at], "it was told to");
                    live.RemoveAt(at);
                    break;
                default:
                    live[at].Condition.Say(new() { Weight = (uint)random.Next(5), Draining = random.Next(2) == 0 });
                    break;
            }
        }

        void Replay(WatchResponse? response)
        {
            foreach (Event told in response!.Events)
            {
                isComplete |= told.SnapshotEnded is not null;
                switch (told.Target?.Change)
                {
                    case TargetChange.Listed or TargetChange.Added:
                        replayed.Add(told.Target.TargetId, told.Target.Target);
                        break;
                    case TargetChange.Removed:
                        Assert.That(replayed.Remove(told.Target.TargetId), Is.True, "only what was told is removed");
                        break;
                    case TargetChange.Changed or TargetChange.Drained:
                        Assert.That(replayed.ContainsKey(told.Target.TargetId), Is.True, "only what was told changes");
                        replayed[told.Target.TargetId] = told.Target.Target;
                        break;
                }
            }
        }
    }
}
