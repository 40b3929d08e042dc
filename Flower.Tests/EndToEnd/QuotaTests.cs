// SPDX-License-Identifier: BSD-2-Clause
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>What a user may use, with processes of real users.</summary>
public sealed class QuotaTests : OtherUsersTest
{
    [Test]
    public async Task Targets_OfAUser_AreBoundedAndTheLogNamesHim()
    {
        await StartAsync(Json("targets", 1));
        FlowerProcess first = FlowerAs(Alice, Alice, [], "cat", "-l", "a=1");
        await first.ReadyAsync();

        FlowerProcess second = FlowerAs(Alice, Alice, [], "cat", "-l", "b=2");

        Assert.That(await second.ExitAsync(), Is.EqualTo(69));
        Assert.That(
            second.Error.Lines.Single(),
            Is.EqualTo($"flower cat: quota targets of user {Alice} is exhausted: the limit is 1"));
        await Board.Daemon.Error.AwaitLineAsync($"quota targets of user {Alice} is exhausted (limit 1): pid {second.Id} uid {Alice}");
        // Neither another user nor root is touched.
        await FlowerAs(Bob, Bob, [], "cat", "-l", "c=3").ReadyAsync();
        await Board.FlowerReadyAsync("cat", "-l", "d=4");
        await Board.FlowerReadyAsync("cat", "-l", "e=5");
    }

    [Test]
    public async Task Sessions_OfAUser_AreRefusedWithTheLimit()
    {
        await StartAsync(Json("sessions", 1));
        await FlowerAs(Alice, Alice, [], "cat", "-l", "a=1").ReadyAsync();

        (int code, string error) = await ListAsync(Alice);

        Assert.That(code, Is.EqualTo(69), error);
        Assert.That(error, Does.Contain($"quota sessions of user {Alice} is exhausted: the limit is 1"));
        Assert.That((await ListAsync(Bob)).Code, Is.Zero);
    }

    [Test]
    public async Task Limits_Reloaded_HoldFromThenOn()
    {
        await StartAsync(Json("targets", 1));
        await FlowerAs(Alice, Alice, [], "cat", "-l", "a=1").ReadyAsync();
        await File.WriteAllTextAsync(ConfigPath, Json("targets", 2));

        Board.Daemon.Signal(Signum.SIGHUP);
        await Board.Daemon.Error.AwaitLineAsync("reload");
        FlowerProcess second = FlowerAs(Alice, Alice, [], "cat", "-l", "b=2");

        await second.ReadyAsync();
    }

    [Test]
    public async Task Configuration_WrongQuotas_AreAllNamed()
    {
        File.WriteAllText(ConfigPath, """
            { "quotas": { "user": { "sessions": -1, "sesions": 3, "targets": "many" }, "everybody": {} } }
            """);

        FlowerProcess check = Board.Flower("switchboard", "--check-config", ConfigPath);

        Assert.That(await check.ExitAsync(), Is.Not.Zero);
        string said = check.Error.ToString();
        Assert.That(said, Does.Contain("quotas.user.sessions: must be a whole number"));
        Assert.That(said, Does.Contain("quotas.user.sesions: there is no such key here"));
        Assert.That(said, Does.Contain("quotas.user.targets: must be a whole number"));
        Assert.That(said, Does.Contain("quotas.everybody: there is no such key here"));
    }

    private static string Json(string quota, int limit) => $$"""
        {
          "grants": [ { "who": "uid:61000-61999", "rights": "all" } ],
          "quotas": { "user": { "{{quota}}": {{limit}} } }
        }
        """;
}
