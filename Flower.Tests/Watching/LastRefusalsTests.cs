// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.Watching;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Tests.Watching;

/// <summary>Nobody drives out the refusals of another user.</summary>
internal sealed class LastRefusalsTests
{
    private static readonly Handle All = Handle.CreateRoot(Rights.All, LabelSet.Empty, LabelSet.Empty);

    private readonly HandleTree _tree = new(new QuotaTable(0, NullLogger.Instance));

    [Test]
    public void Of_ManyOfAnotherUser_OwnAreStillThere()
    {
        var refusals = new LastRefusals();
        HandleNode own = NodeOf(1000);
        Refuse(refusals, own, "mine");
        for (int i = 0; i < 1000; i++)
        {
            Refuse(refusals, NodeOf(2000), $"{i}");
        }

        Assert.That(Reasons(refusals, node => node == own), Is.EqualTo(new[] { "mine" }));
        Assert.That(
            Reasons(refusals, _ => true), Is.EqualTo(Enumerable.Range(984, 16).Reverse().Select(i => $"{i}")),
            "the latest first, and no more than are shown");
    }

    [Test]
    public void Add_ManyUsers_ThoseThatWereRefusedLastAreKept()
    {
        var refusals = new LastRefusals();
        for (uint user = 0; user < 1000; user++)
        {
            Refuse(refusals, NodeOf(user), $"{user}");
            // Who is refused again and again stays.
            Refuse(refusals, NodeOf(5), "again");
        }

        Assert.That(Reasons(refusals, node => node.Maker.Uid == 999), Is.EqualTo(new[] { "999" }));
        Assert.That(Reasons(refusals, node => node.Maker.Uid == 1), Is.Empty);
        Assert.That(Reasons(refusals, node => node.Maker.Uid == 5), Has.Length.EqualTo(16));
    }

    private static void Refuse(LastRefusals refusals, HandleNode node, string reason) =>
        refusals.Add(node, node.Maker, "List", StatusCode.PermissionDenied, reason);

    private static string[] Reasons(LastRefusals refusals, Func<HandleNode, bool> covers) =>
        [.. refusals.Of(covers).Select(refusal => refusal.Call.Reason)];

    private HandleNode NodeOf(uint user) => new(_tree, All, null, new Credentials { Pid = 1, Uid = user }, 0);
}
