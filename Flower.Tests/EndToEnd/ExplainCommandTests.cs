// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Client;
using Flower.Protocol;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower explain</c>: what it prints, and its exit codes.</summary>
public sealed class ExplainCommandTests : EndToEndTest
{
    [Test]
    public async Task Explain_OneMatches_IsPrintedFirstAndExitsWithZero()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener near = await handle.ListenAsync(Words("service=s", "zone=other", "+user"));
        await using Listener best = await handle.ListenAsync(Words("service=s", "zone=z"));

        (int code, List<JsonElement> lines) = await RunAsync("service=s", "zone=z", "user=u");

        Assert.That(code, Is.Zero);
        Assert.That(lines, Has.Count.EqualTo(3));
        Assert.That(Text(lines[0], "status"), Is.EqualTo("OK"));
        Assert.That(lines[0].GetProperty("labels").GetProperty("zone").GetString(), Is.EqualTo("z"));
        Assert.That(lines[0].GetProperty("targets").GetInt32(), Is.EqualTo(2));
        Assert.That(Text(lines[1], "standing"), Is.EqualTo("best"));
        Assert.That(Text(lines[1], "rank"), Is.EqualTo("stated"));
        Assert.That(Text(lines[2], "standing"), Is.EqualTo("no-match"));
        Assert.That(lines[2].GetProperty("distance").GetInt32(), Is.EqualTo(1));
        JsonElement zone = lines[2].GetProperty("contradictions").GetProperty("zone");
        Assert.That(Text(zone, "requested"), Is.EqualTo("z"));
        Assert.That(Text(zone, "registered"), Is.EqualTo("other"));
    }

    [Test]
    public async Task Explain_WouldFail_SaysWhatCatSaysAndExitsWithOne()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener one = await handle.ListenAsync(Words("service=s", "instance=1"));
        await using Listener two = await handle.ListenAsync(Words("service=s", "instance=2"));
        FlowerProcess cat = Board.Flower("cat", "service=s");
        Assert.That(await cat.ExitAsync(), Is.EqualTo(69));

        (int code, List<JsonElement> lines) = await RunAsync("service=s");
        (int balanced, List<JsonElement> picked) = await RunAsync("--balance", "least", "service=s");

        Assert.That(code, Is.EqualTo(1));
        Assert.That(Text(lines[0], "status"), Is.EqualTo("FAILED_PRECONDITION"));
        Assert.That(cat.Error.Lines, Is.EqualTo(new[] { $"flower cat: {Text(lines[0], "message")}" }));
        Assert.That(lines[0].GetProperty("keys")[0].GetString(), Is.EqualTo("instance"));
        Assert.That(balanced, Is.Zero);
        Assert.That(picked.Skip(1).Select(line => Text(line, "standing")), Is.All.EqualTo("equal"));
    }

    [Test]
    public async Task Explain_ManyTargets_PrintsTwentyUnlessAllAreWanted()
    {
        await using Handle handle = await Board.OpenAsync();
        var listeners = new List<Listener>();
        for (int i = 0; i < 25; i++)
        {
            listeners.Add(await handle.ListenAsync(Words($"service={i}")));
        }

        (int code, List<JsonElement> few) = await RunAsync("service=24", "+zone");
        (_, List<JsonElement> all) = await RunAsync("--all", "service=24", "+zone");

        Assert.That(code, Is.EqualTo(1));
        Assert.That(few, Has.Count.EqualTo(21));
        Assert.That(few[0].GetProperty("targets").GetInt32(), Is.EqualTo(25));
        Assert.That(few[1].GetProperty("labels").GetProperty("service").GetString(), Is.EqualTo("24"));
        Assert.That(all, Has.Count.EqualTo(26));
        foreach (Listener listener in listeners)
        {
            await listener.DisposeAsync();
        }
    }

    [Test]
    public async Task Explain_OnATerminal_IsATable()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener near = await handle.ListenAsync(Words("service=t"));
        await using Listener drained = await handle.ListenAsync(Words("service=s"), new() { Draining = true });

        FlowerProcess terminal = Board.Program(
            Programs.Require("python3"), Programs.OnTerminal, Programs.Flower, "explain", "--related-only", "service=s");
        Assert.That(await terminal.ExitAsync(), Is.Zero);

        string text = terminal.Out.ToString();
        Assert.That(text, Does.Contain("would fail: UNAVAILABLE: the target that matches takes no new connections"));
        Assert.That(text, Does.Contain("states: service=s"));
        IReadOnlyList<string> lines = terminal.Out.Lines;
        Assert.That(lines.Single(l => l.Contains("drains ")), Does.Contain("service=s").And.Contain("it takes no new"));
        Assert.That(lines.Single(l => l.Contains("no-match")), Does.Contain("service=t").And.Contain("one label away"));
        Assert.That(text, Does.Contain("service is 't', not 's'"));
        Assert.That(lines[^1], Is.EqualTo("exit 1"));
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static LabelSet Words(params string[] words) => LabelSet.ParseWords(words);

    private async Task<(int Code, List<JsonElement> Lines)> RunAsync(params string[] args)
    {
        FlowerProcess process = Board.Flower(["explain", .. args]);
        int code = await process.ExitAsync();
        Assert.That(process.Error.Lines, Is.Empty);
        return (code, [.. process.Out.Lines.Select(line => JsonDocument.Parse(line).RootElement)]);
    }
}
