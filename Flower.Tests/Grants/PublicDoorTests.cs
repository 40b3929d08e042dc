// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Switchboard.Grants;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Grants;

/// <summary>What whoever connects by a path is given.</summary>
public sealed class PublicDoorTests
{
    private static readonly LabelSet Prod = LabelSet.Create(("env", "prod"));

    private LogCollector _log = null!;
    private PublicDoor _door = null!;

    [SetUp]
    public void MakeDoor()
    {
        _log = new();
        _door = new(new HandleTree(new QuotaTable(0, _log)), _log);
        _door.Use(new GrantTable([To(Rights.List, new Who.User(7, "")), To(Rights.None, new Who.User(8, ""))], 1), "ask");
    }

    [Test]
    public void Open_Granted_HasAHandleOfItsOwn()
    {
        HandleNode one = _door.Open(Peer(7));
        HandleNode other = _door.Open(Peer(7));

        Assert.That(one.Handle.Rights, Is.EqualTo(Rights.List));
        Assert.That(one.Handle.InLabels, Is.EqualTo(Prod));
        Assert.That(one.Handle.PinnedBy(LabelSide.In, "env"), Is.Null, "by the configuration");
        Assert.That(one.Handle.IsPinned(LabelSide.In, "env"), Is.True);
        Assert.That(one.Handle.IsAncestorOrSelf(other.Handle), Is.False);
        Assert.That(one.Handle.Id, Is.Not.EqualTo(other.Handle.Id));
        Assert.That(one.Parent, Is.Null);
    }

    [TestCase(0u)]
    [TestCase(1u)]
    public void Open_RootAndOwner_HaveAll(uint uid) =>
        Assert.That(_door.Open(Peer(uid)).Handle.Rights, Is.EqualTo(Rights.All));

    [TestCase(9u, "uid 9 has no grant on this switchboard: ask")]
    [TestCase(8u, "uid 8 is given no rights on this switchboard by grants[0]: ask")]
    public void Open_NothingGranted_PermissionDeniedAndLoggedOnce(uint uid, string words)
    {
        for (int i = 0; i < 3; i++)
        {
            RpcException? refused = Assert.Throws<RpcException>(() => _door.Open(Peer(uid)));
            Assert.That(refused!.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));
            Assert.That(refused.Status.Detail, Is.EqualTo(words));
        }

        Assert.That(_log.Lines.Count(line => line.Contains(words, StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public void Open_UnknownPeer_IsNotRoot() =>
        Assert.That(Assert.Throws<RpcException>(() => _door.Open(null))!.StatusCode, Is.EqualTo(StatusCode.PermissionDenied));

    [Test]
    public void Use_OtherGrants_HoldForNewSessionsOnly()
    {
        HandleNode before = _door.Open(Peer(7));
        _door.Use(new GrantTable([], 1), "ask");

        Assert.That(before.Handle.Rights, Is.EqualTo(Rights.List));
        Assert.That(() => _door.Open(Peer(7)), Throws.TypeOf<RpcException>());
    }

    private static Grant To(Rights rights, Who who) =>
        new("grants[0]", [who], Handle.CreateRoot(rights, Prod, LabelSet.Empty));

    private static SocketPeer Peer(uint uid) => new(new Credentials(100, uid, 1000), []);
}
