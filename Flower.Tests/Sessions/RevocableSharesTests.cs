// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Flower.Tests.Rpc;
using Grpc.Core;
using NUnit.Framework;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Tests.Sessions;

/// <summary>How many of the revocable connections that a switchboard can hold one user may have.</summary>
internal sealed class RevocableSharesTests
{
    private static readonly uint[] Others = [61_001, 61_002, 61_003, 61_004];

    private ulong _lastId;

    [Test]
    public async Task Begin_OneUserWantsAll_HasAQuarter()
    {
        var ledger = new DescriptorLedger();
        var loop = new EventLoop("test-revocable", null);
        await loop.Invoke(() =>
        {
            using var connections = new RevocableConnections(loop, most: 8);
            RevocableConnection first = Begin(connections, Others[0]);
            Begin(connections, Others[0]);

            RpcException? third = Assert.Throws<RpcException>(() => Begin(connections, Others[0]));

            Assert.That(third!.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
            Assert.That(third.Status.Detail, Does.Contain("holds 2 revocable connections of user 61001"));
            first.LetGo();
            Begin(connections, Others[0]);
            Begin(connections, Others[1]);

            // Root may have all that are left.
            for (int i = 0; i < 5; i++)
            {
                Begin(connections, 0);
            }

            Assert.That(
                Assert.Throws<RpcException>(() => Begin(connections, 0))!.Status.Detail,
                Does.Contain("holds 8 revocable connections, its limit"));
        }).Soon();
        loop.Dispose();
        ledger.AssertBalanced();
    }

    private RevocableConnection Begin(RevocableConnections connections, uint uid)
    {
        var tree = new HandleTree(new QuotaTable(0, new LogCollector()));
        var credentials = new Credentials { Pid = Environment.ProcessId, Uid = uid };
        var node = new HandleNode(
            tree, Handle.CreateRoot(Rights.None, LabelSet.Empty, LabelSet.Empty), null, credentials, 0);
        var caller = new Caller(node, credentials);
        return connections.Begin(++_lastId, caller, caller, caller, null);
    }
}
