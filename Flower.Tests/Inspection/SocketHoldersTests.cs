// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Inspection;
using Flower.Rpc.Interop;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Inspection;

/// <summary>Who holds a socket, as /proc says.</summary>
public sealed class SocketHoldersTests
{
    [Test]
    public void Find_OwnSocketTwice_IsFoundOnceWhereOneLooks()
    {
        (Descriptor one, Descriptor other) = UnixSocket.StreamPair();
        using (one)
        using (other)
        using (one.Duplicate())
        {
            uint inode = InodeOf(one);
            var holders = new SocketHolders();

            Assert.That(holders.Find(new HashSet<uint> { inode }, [], everywhere: false), Is.Empty);
            Assert.That(
                holders.Find(new HashSet<uint> { inode, 1 }, [], everywhere: true).Single(),
                Is.EqualTo(KeyValuePair.Create(inode, new List<int> { Environment.ProcessId })));
            Assert.That(
                holders.Find(new HashSet<uint> { inode }, [], everywhere: false), Has.Count.EqualTo(1), "it had it before");
            Assert.That(
                new SocketHolders().Find(new HashSet<uint> { inode }, [Environment.ProcessId, int.MaxValue, 0], everywhere: false),
                Has.Count.EqualTo(1));
        }
    }

    private static uint InodeOf(Descriptor socket) => uint.Parse(
        DescriptorLedger.FileOf(socket.DangerousGetHandle())["socket:[".Length..^1], CultureInfo.InvariantCulture);
}
