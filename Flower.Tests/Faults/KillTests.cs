// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Tests.EndToEnd;
using NUnit.Framework;

namespace Flower.Tests.Faults;

/// <summary>
/// Each party of each kind of call is killed after each step of it, one after another: all of them, and not a sample. Whatever
/// was going on, the others get an answer or the end, the switchboard answers, and nothing is left behind.
/// </summary>
[Category("EndToEnd")]
internal sealed class KillTests : EndToEndTest
{
    private Handle _onlooker = null!;

    [SetUp]
    public async Task Look() => _onlooker = await Board.OpenAsync();

    [TearDown]
    public async Task LookAway() => await _onlooker.DisposeAsync();

    private protected override string[] Prepare()
    {
        string file = Path.Combine(Board.Folder, "switchboard.json");
        uint user = Mono.Unix.Native.Syscall.geteuid();
        File.WriteAllText(file, $$"""{ "grants": [ { "who": "uid:{{user}}", "rights": ["all", "tap"] } ] }""");
        return ["--config", file];
    }

    [TestCaseSource(typeof(Calls), nameof(Calls.All))]
    public async Task Kill_EachPartyAfterEachStep_OthersHearOfItAndNothingIsLeft(Scenario scenario)
    {
        if (scenario.LogWords is { } words)
        {
            Board.ExpectInLog(words);
        }

        string before = await FiguresAsync();
        // Once to its end: what is made once is made, and the steps are those of a call that succeeds.
        await PlayAsync(scenario, victim: null, scenario.Steps.Length);
        Assert.That(await Patience.UntilAsync(async () => await FiguresAsync() == before), Is.True);
        int descriptors = Board.Daemon.OpenDescriptors.Count;
        int played = 0;
        foreach (string victim in scenario.Parties)
        {
            for (int steps = 1; steps <= scenario.Steps.Length; steps++)
            {
                string what = $"{scenario.Name}: the {victim} is killed after step {steps}";
                await PlayAsync(scenario, victim, steps, what);
                string now = "";
                Assert.That(
                    await Patience.UntilAsync(async () => (now = await FiguresAsync()) == before
                        && Board.Daemon.OpenDescriptors.Count <= descriptors),
                    Is.True,
                    () => $"{what}: {now}, and had {before}; {descriptors} descriptors\n{string.Join('\n', Board.Daemon.OpenDescriptors)}");
                played++;
            }
        }

        TestContext.Out.WriteLine($"{scenario.Name}: {played} deaths");
        Assert.That(await Patience.UntilAsync(async () => !await _onlooker.ConnectionsAsync(LabelSet.Empty).AnyAsync()), Is.True);
        Assert.That(played, Is.EqualTo(scenario.Parties.Count() * scenario.Steps.Length));
    }

    private async Task PlayAsync(Scenario scenario, string? victim, int steps, string what = "to its end")
    {
        using var scene = new Scene(Board.Handle);
        foreach (Step step in scenario.Steps.Take(steps))
        {
            step.Run(scene);
        }

        if (victim is not null && scene.Parties.TryGetValue(victim, out Party? dying))
        {
            dying.Kill();
            await AssertSurvivorsKnowAsync(scenario, scene, victim, what);
        }

        scene.Leave();
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(scene.AllEnded)), Is.True, $"{what}: a socket is still held");
    }

    private async Task AssertSurvivorsKnowAsync(Scenario scenario, Scene scene, string victim, string what)
    {
        // The switchboard has seen what came before this, and answers.
        await _onlooker.StatsAsync().Within();
        Party[] survivors = [.. scene.Parties.Values.Where(party => !party.IsDead)];
        Array.ForEach(survivors, party => party.CatchUp());
        if (scenario.MayWait || Array.Exists(survivors, party => party.HasOffers))
        {
            // Who lives on and has not answered may be waited for: the accept deadline is tried elsewhere.
            Array.ForEach(survivors, party => party.GiveUp());
        }

        foreach (Party party in survivors)
        {
            Assert.That(
                await Patience.UntilAsync(() =>
                {
                    party.CatchUp();
                    return Task.FromResult(party.IsSettled);
                }),
                Is.True,
                () => $"{what}: a survivor waits for {party.Open}");
            Assert.That(
                !scenario.Ends.Contains(victim) || await Patience.UntilAsync(
                    () => Task.FromResult(party.Held.TrueForAll(held => UnixSocket.IsHungUp(held)))),
                Is.True,
                $"{what}: a survivor does not see the end of its connection");
        }
    }

    private async Task<string> FiguresAsync()
    {
        BoardStats stats = await _onlooker.StatsAsync().Within();
        return $"sessions {stats.Sessions}, handles {stats.Handles}, servers {stats.Servers}, egresses {stats.Egresses}, "
            + $"resolvers {stats.Resolvers}, pending {stats.PendingCalls}, waiting {stats.WaitingRequests}, "
            + $"watchers {stats.Watchers}, revocable {stats.RevocableConnections}";
    }
}
