// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Grpc.Core;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower resolver static</c> and <c>flower resolver services</c>.</summary>
public sealed class NameToolTests : EndToEndTest
{
    private const int Connects = 200;

    private string File => Path.Combine(Board.Folder, "names.json");

    [Test]
    public async Task Static_FileChanges_NewNamesHoldAndAWrongFileIsRefused()
    {
        Write("""{ "names": { "db": [ { "labels": { "app": "one" } } ] } }""");
        FlowerProcess tool = await Board.FlowerReadyAsync("resolver", "static", File);
        await using Client.Handle handle = await Board.OpenAsync();
        await using Listener one = await ServeAsync(handle, "app=one");
        await using Listener two = await ServeAsync(handle, "app=two");
        Assert.That(await AppAsync(handle, "service=db"), Is.EqualTo("one"));

        Write("""{ "names": { "db": [ { "labels": { "app": "two" } ] } }""");
        await tool.Error.AwaitLineAsync("flower resolver: ", "what it said before stands");
        Write("""{ "names": { "other": [ { "labels": "app=two" } ] } }""");
        tool.Signal(Signum.SIGHUP);
        await tool.Error.AwaitLineAsync("flower resolver: ", "was read again: 1 name");

        Assert.That(await AppAsync(handle, "service=other"), Is.EqualTo("two"));
        Assert.That(tool.HasExited, Is.False);
    }

    [Test]
    public async Task Static_Weights_AreShares()
    {
        Write("""
            { "names": { "db": [
                { "labels": { "app": "one" }, "weight": 3 },
                { "labels": { "app": "two" }, "weight": 1 },
                { "labels": { "app": "three" }, "weight": 9, "priority": 1 } ] } }
            """);
        await Board.FlowerReadyAsync("resolver", "static", File);

        await AssertSharesAsync("service=db");
    }

    [TestCase("{ \"names\": { \"db\": [] } }", "names.db: must have 1 to 1000 targets")]
    [TestCase("{ \"names\": { \"db\": [ { \"labels\": { \"a\": 1 } } ] } }", "names.db[0].labels: 'a' must be a text")]
    [TestCase("{ \"names\": { \"db\": [ { \"labels\": {}, \"wait\": 1 } ] } }", "names.db[0].wait: there is no such member")]
    [TestCase("{ \"names\": { \"db\": [ { \"labels\": {}, \"weight\": 65536 } ] } }", "weight: must be a number")]
    [TestCase("{ \"names\": { \"db\": [ { \"labels\": \"flower.client_uid=0\" } ] } }", "'flower.client_uid' cannot be stated")]
    [TestCase("{ \"time_to_live\": 5 }", "time_to_live: must be a duration")]
    [TestCase("{ \"names\": {}, \"names\": {} }", "Duplicate property 'names'")]
    [TestCase("{", "line 1, column 2: ")]
    [TestCase("{ \"names\": { \"db\": [ { \"labels\": { \"+app\": null, \"zone\": \"a\" }, \"weight\": 65535 } ] }, }", null)]
    public async Task Check_File_SaysWhatIsWrong(string text, string? wrong)
    {
        Write(text);

        FlowerProcess tool = Board.Flower("resolver", "static", "--check", File);

        Assert.That(await tool.ExitAsync(), Is.EqualTo(wrong is null ? 0 : 78));
        Assert.That(tool.Error.ToString(), wrong is null ? Is.Empty : Does.Contain(wrong));
    }

    [Test]
    public async Task Services_NameOnTheBoard_IsAllOfThatServiceByTheirWeights()
    {
        await Board.FlowerReadyAsync("resolver", "services", "--suffix", ".flower");
        await using Client.Handle handle = await Board.OpenAsync();
        await using Listener three = await ServeAsync(handle, "service=web app=drained", new() { Weight = 500, Draining = true });

        await AssertSharesAsync("server_hostname=web.flower", "service=web app=one", "service=web app=two");

        FlowerException e = (await Assert.ThrowsAsync<FlowerException>(
            () => handle.ConnectAsync(Words("server_hostname=web.other")).Within()))!;
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.NotFound));
    }

    // Of two servers the first has three times the weight of the second.
    private async Task AssertSharesAsync(string request, string one = "app=one", string two = "app=two")
    {
        await using Client.Handle handle = await Board.OpenAsync();
        await using Listener first = await ServeAsync(handle, one, new() { Weight = 300 });
        await using Listener second = await ServeAsync(handle, two, new() { Weight = 100 });
        await using Listener last = await ServeAsync(handle, "app=three");
        var apps = new List<string?>();
        for (int i = 0; i < Connects; i++)
        {
            apps.Add(await AppAsync(handle, request));
        }

        Assert.That(apps.Distinct(), Is.SubsetOf(new[] { "one", "two" }));
        // Three of four: beyond seven standard deviations nobody draws.
        Assert.That(apps.Count(app => app == "one"), Is.InRange(107, 193));
    }

    private static async Task<string?> AppAsync(Client.Handle handle, string request)
    {
        using Connection connection = await handle.ConnectAsync(Words(request)).Within();
        return connection.Labels["app"];
    }

    // Takes every connection, and lets it go.
    private static async Task<Listener> ServeAsync(Client.Handle handle, string words, ListenOptions? options = null)
    {
        Listener listener = await handle.ListenAsync(Words(words), options);
        _ = AcceptAllAsync(listener);
        return listener;
    }

    private static async Task AcceptAllAsync(Listener listener)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            (await incoming.AcceptAsync()).Dispose();
        }
    }

    private static LabelSet Words(string words) => LabelSet.ParseWords(words.Split(' '));

    private void Write(string text)
    {
        // In one step, as an editor does.
        System.IO.File.WriteAllText(File + ".new", text);
        System.IO.File.Move(File + ".new", File, overwrite: true);
    }
}
