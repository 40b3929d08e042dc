// SPDX-License-Identifier: BSD-2-Clause
using Flower.Run.Box;
using NUnit.Framework;

namespace Flower.Tests.Run;

internal sealed class BoxEnvironmentTests
{
    private static Dictionary<string, string> Own => new(StringComparer.Ordinal)
    {
        ["HOME"] = "/root",
        ["SSH_AUTH_SOCK"] = "/tmp/ssh-x/agent.1",
        ["DBUS_SESSION_BUS_ADDRESS"] = "unix:path=/run/user/1000/bus",
        ["FLOWER_SWITCHBOARD"] = "unix:/run/flower/switchboard.sock",
    };

    [Test]
    public void Make_NothingShown_NoDoorIsNamed() => Assert.That(
        BoxEnvironment.Make(Own, [], "fd:3"),
        Is.EquivalentTo(new Dictionary<string, string> { ["HOME"] = "/root", ["FLOWER_SWITCHBOARD"] = "fd:3" }));

    [Test]
    public void Make_NoHandle_NoneIsNamed() =>
        Assert.That(BoxEnvironment.Make(Own, [], null).Keys, Is.EquivalentTo(new[] { "HOME" }));

    [Test]
    public void Make_DoorShown_StaysNamed() => Assert.That(
        BoxEnvironment.Make(Own, ["/run/user/1000/bus"], "fd:3").Keys,
        Is.EquivalentTo(new[] { "HOME", "FLOWER_SWITCHBOARD", "DBUS_SESSION_BUS_ADDRESS" }));
}
