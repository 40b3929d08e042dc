// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Who is let in by the gRPC door, and how much he may use, with processes of real users.</summary>
public sealed class GrpcDoorQuotaTests : OtherUsersTest
{
    [Test]
    public async Task Connections_OfAUser_AreSessionsAndBounded()
    {
        await StartAsync(Json("sessions", 2));
        FlowerProcess knock = Knock(Alice);
        Assert.That(await SaysAsync(knock, "open"), Is.EqualTo("open"));
        Assert.That(await SaysAsync(knock, "open"), Is.EqualTo("open"));

        string refused = await SaysAsync(knock, "open");

        Assert.That(refused, Is.EqualTo($"refused 11: quota sessions of user {Alice} is exhausted: the limit is 2"));
        Assert.That((await ListAsync(Alice)).Error, Does.Contain($"quota sessions of user {Alice} is exhausted"));
        Assert.That(await SaysAsync(Knock(Bob), "open"), Is.EqualTo("open"));
        using GrpcDoor door = new(Board.Admin);
        Assert.That(await door.ListAsync(), Is.Empty);

        await knock.WriteLineAsync("close");
        // The switchboard hears of the end when it comes to it.
        Assert.That(await Patience.UntilAsync(async () => await SaysAsync(knock, "open") == "open"), Is.True);
    }

    [Test]
    public async Task Connections_MoreThanTheShareOfAUser_AreRefusedAndOthersAreNot()
    {
        await StartAsync(Json("targets", 1));
        FlowerProcess knock = Knock(Alice);
        for (int i = 0; i < 256; i++)
        {
            Assert.That(await SaysAsync(knock, "open"), Is.EqualTo("open"));
        }

        string refused = await SaysAsync(knock, "open");

        Assert.That(
            refused, Is.EqualTo($"refused 11: user {Alice} has 256 connections to the gRPC door, the most that a user may have"));
        Assert.That(await SaysAsync(Knock(Bob), "open"), Is.EqualTo("open"));
    }

    [Test]
    public async Task Calls_OfWhateverService_AreBounded()
    {
        await StartAsync(Json("pending_calls", 2));
        FlowerProcess knock = Knock(Alice);
        Assert.That(await SaysAsync(knock, "open"), Is.EqualTo("open"));

        string answered = await SaysAsync(knock, "calls 3");

        Assert.That(Uri.UnescapeDataString(answered), Does.Contain($"quota pending_calls of user {Alice} is exhausted: the limit is 2"));
        Assert.That((await ListAsync(Alice)).Error, Does.Contain($"quota pending_calls of user {Alice} is exhausted"));
        Assert.That((await ListAsync(Bob)).Code, Is.Zero);
        knock.CloseInput();
        Assert.That(await Patience.UntilAsync(async () => (await ListAsync(Alice)).Code == 0), Is.True);
    }

    [Test]
    public async Task Web_OfAStranger_SaysThatHeHasNoGrant()
    {
        await StartAsync("{}", "--mode", "0666");
        FlowerProcess web = FlowerAs(Alice, Alice, [], "web", "--admin", Board.Admin);

        // What .NET's client makes of a GOAWAY that comes before its call depends on when it reads it.
        Assert.That(await web.ExitAsync(), Is.AnyOf(69, 77));
        Assert.That(web.Error.Lines.Single(), Does.Contain("not without a grant: flower ls says which"));
    }

    private static async Task<string> SaysAsync(FlowerProcess knock, string word)
    {
        int before = knock.Out.Lines.Count;
        await knock.WriteLineAsync(word);
        Assert.That(await Patience.UntilAsync(() => Task.FromResult(knock.Out.Lines.Count > before)), Is.True, knock.Error.ToString());
        return knock.Out.Lines[before];
    }

    private static string Json(string quota, int limit) => $$"""
        {
          "grants": [ { "who": "uid:61000-61999", "rights": "all" } ],
          "quotas": { "user": { "{{quota}}": {{limit}} } }
        }
        """;

    private FlowerProcess Knock(int uid) =>
        Board.Program(Programs.Require("python3"), Programs.GrpcKnock, Board.Admin, $"{uid}");
}
