// SPDX-License-Identifier: BSD-2-Clause
using Flower.Run.Box;
using NUnit.Framework;

namespace Flower.Tests.Run;

internal sealed class BoundSocketTests
{
    [Test]
    public void Parse_Listing_FindsPathsOnceAndKnowsDoors()
    {
        IReadOnlyList<BoundSocket> found = BoundSocket.Parse(
        [
            "Num       RefCount Protocol Flags    Type St Inode Path",
            "0000000000000000: 00000002 00000000 00010000 0005 01 100 /srv/a b/switchboard.sock",
            "0000000000000000: 00000003 00000000 00000000 0005 03 101 /srv/a b/switchboard.sock",
            "0000000000000000: 00000002 00000000 00010000 0001 01 102 /srv/admin.sock",
            "0000000000000000: 00000002 00000000 00000000 0002 01 103 /dev/datagrams",
            "0000000000000000: 00000003 00000000 00000000 0001 03 104",
            "0000000000000000: 00000002 00000000 00010000 0001 01 105 @abstract",
            "0000000000000000: 00000002 00000000 00010000 0001 01 106 relative.sock",
        ]);

        Assert.That(found, Is.EqualTo(new BoundSocket[]
        {
            new("/dev/datagrams", false), new("/srv/a b/switchboard.sock", true), new("/srv/admin.sock", false),
        }));
    }
}
