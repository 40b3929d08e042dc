// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Client;
using Flower.Protocol;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Who sees and revokes what, with processes of real users.</summary>
public sealed class RevokeOfUsersTests : OtherUsersTest
{
    [Test]
    public async Task UidRule_AnotherUser_SeesAndRevokesItsOwnOnly()
    {
        await StartAsync($$"""{ "grants": [ { "who": "user:{{Alice}}", "rights": "all" } ] }""");
        await using Handle ours = await Board.OpenAsync();
        await using Handle narrow = await ours.ConstrainAsync([], LabelSet.Empty, LabelSet.Empty);
        FlowerProcess theirs = FlowerAs(Alice, Alice, [], "serve", "service=theirs", "--", "cat");
        await theirs.ReadyAsync();
        FlowerProcess everything = Board.Flower("handles");
        Assert.That(await everything.ExitAsync(), Is.Zero, everything.Error.ToString());
        List<JsonElement> all = HandlesIn(everything);
        string our = all.Single(line => line.GetProperty("parent").ValueKind == JsonValueKind.Number)
            .GetProperty("handle").ToString();
        string their = all.Single(line => line.GetProperty("targets").GetInt32() == 1).GetProperty("handle").ToString();

        FlowerProcess list = FlowerAs(Alice, Alice, [], "handles");
        Assert.That(await list.ExitAsync(), Is.Zero, list.Error.ToString());
        FlowerProcess denied = FlowerAs(Alice, Alice, [], "revoke", our);
        Assert.That(await denied.ExitAsync(), Is.EqualTo(69));
        Board.ExpectInLog("the handle was revoked");
        Assert.That(await FlowerAs(Alice, Alice, [], "revoke", their).ExitAsync(), Is.Zero);

        List<JsonElement> listed = HandlesIn(list);
        Assert.That(
            listed.Select(line => line.GetProperty("maker").GetProperty("uid").GetInt32()), Is.All.EqualTo(Alice));
        Assert.That(listed.Select(line => line.GetProperty("handle").ToString()), Does.Contain(their));
        Assert.That(denied.Error.Lines.Single(), Does.Contain($"no handle {our} that you may revoke"));
        Assert.That(await theirs.ExitAsync(), Is.EqualTo(77));
        Assert.That(narrow.Closed.IsCompleted, Is.False);
    }

    private static List<JsonElement> HandlesIn(FlowerProcess process) =>
        [.. process.Out.Lines.Select(Parse).Where(line => line.TryGetProperty("handle", out _))];

    private static JsonElement Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }
}
