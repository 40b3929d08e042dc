// SPDX-License-Identifier: BSD-2-Clause
using Flower.Switchboard.Attestation;
using Flower.Switchboard.Routing;
using NUnit.Framework;

namespace Flower.Tests.Attestation;

/// <summary>What is attested is kept once for a process, and never told of another one.</summary>
public sealed class AttestedProcessTests
{
    [Test]
    public void Of_SameProcess_SameSets()
    {
        AttestedProcess once = AttestedProcess.Of(new(7, 1, 2), new("/a.service"));
        AttestedProcess again = AttestedProcess.Of(new(7, 1, 2), new("/a.service"));

        Assert.That(again.AsServer, Is.SameAs(once.AsServer));
        Assert.That(again.AsServer[ReservedKeys.ServerPid], Is.EqualTo("7"));
        Assert.That(again.AsClient[ReservedKeys.ClientUid], Is.EqualTo("1"));
    }

    // The last has the same place as the first.
    [TestCase(7, 1u, 2u, null)]
    [TestCase(7, 1u, 2u, "/b.service")]
    [TestCase(7, 3u, 2u, "/a.service")]
    [TestCase(7 + 64, 1u, 2u, "/a.service")]
    public void Of_AnotherProcess_ItsOwn(int pid, uint uid, uint gid, string? path)
    {
        AttestedProcess.Of(new(7, 1, 2), new("/a.service"));

        AttestedProcess other = AttestedProcess.Of(new(pid, uid, gid), path is null ? null : new(path));

        Assert.That(other.AsServer[ReservedKeys.ServerPid], Is.EqualTo($"{pid}"));
        Assert.That(other.AsServer[ReservedKeys.ServerUid], Is.EqualTo($"{uid}"));
        Assert.That(other.AsServer[ReservedKeys.ServerPrefix + ReservedKeys.Cgroup], Is.EqualTo(path));
    }
}
