// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>A box whose command asks for much, and one around which things break.</summary>
public sealed class FaultTests : EndToEndTest
{
    private const int InARow = 2000, AtOnce = 500, Names = 1000;

    // Each line of standard input is a try.
    private const string Tries = "while read -r line; do curl -sS -m 20 http://web.example:$WEB/; echo exit $?; done";

    private OutsideServers _outside = null!;

    [SetUp]
    public async Task StartOutside() => _outside = await OutsideServers.StartWebAsync(Board);

    [TearDown]
    public async Task StopOutside() => await _outside.DisposeAsync();

    [Test]
    public async Task Fault_ManyConnects_AllWorkAndNoDescriptorIsLeft()
    {
        FlowerProcess box = Box(
            "python3", NetworkBoxes.Script("many_connects.py"), "web.example", Text(_outside.Web.PlainPort),
            Text(InARow), Text(AtOnce));
        await box.Out.AwaitLineAsync("first True");
        int before = box.OpenDescriptors.Count;

        await box.WriteLineAsync("go");
        await box.Out.AwaitLineAsync("at once ");

        Assert.That(
            box.Out.Lines, Is.EqualTo(new[] { "first True", $"row {InARow}", $"at once {AtOnce}" }),
            box.Error.ToString());
        await NetworkBoxes.AssertNothingHeldAsync(box, before);
        box.CloseInput();
        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
    }

    [Test]
    public async Task Fault_ManyRefusedConnects_NoDescriptorIsLeft()
    {
        const string Again = "for i in $(seq 200)";
        string once = $"busybox nc 127.0.0.1 {_outside.DeniedPort} 2>/dev/null && echo open";
        FlowerProcess box = Box(
            "sh", "-c", $"{once}; echo ready; read -r line; {Again}; do {once}; done; echo done; read -r line");
        await box.Out.AwaitLineAsync("ready");
        int before = box.OpenDescriptors.Count;

        await box.WriteLineAsync("go");
        await box.Out.AwaitLineAsync("done");

        Assert.That(box.Out.Lines, Is.EqualTo(new[] { "ready", "done" }));
        await NetworkBoxes.AssertNothingHeldAsync(box, before);
    }

    [Test]
    public async Task Fault_AThousandNames_EachHasItsAddress()
    {
        string ask = $"python3 {NetworkBoxes.Script("many_names.py")} {Names}";
        FlowerProcess box = Box("sh", "-c", $"{ask}; curl -sS http://web.example:{_outside.Web.PlainPort}/");

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { $"different {Names} same True", "this is nginx" }));
    }

    [Test]
    public async Task Fault_SwitchboardRestarts_ConnectsWaitForIt()
    {
        FlowerProcess box = Box("env", [.. _outside.Variables, "sh", "-c", Tries]);
        await TryAsync(box, "exit 0");
        await Board.KillDaemonAsync();

        // It may be there again before the egress is, and then refuses; but it answers.
        Task<string?> waiting = ExitOfTryAsync(box);
        await Board.StartAsync();
        Assert.That(await waiting, Is.AnyOf("exit 0", "exit 7"), box.Error.ToString());

        Assert.That(
            await Patience.UntilAsync(async () => await ExitOfTryAsync(box) == "exit 0"), Is.True,
            box.Error.ToString());
        box.CloseInput();
        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
    }

    [Test]
    public async Task Fault_SwitchboardReplaced_ConnectsGoOn()
    {
        FlowerProcess box = Box("env", [.. _outside.Variables, "sh", "-c", Tries]);
        await TryAsync(box, "exit 0");

        await Board.ReplaceAsync();

        await TryAsync(box, "exit 0");
        box.CloseInput();
        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
    }

    [Test]
    public async Task Fault_SwitchboardRestarts_PublishedServersAreBack()
    {
        FlowerProcess box = NetworkBoxes.Start(
            Board, ["--publish", "8080=service=echo"], "python3", NetworkBoxes.Script("echo_server.py"));
        await box.WriteLineAsync("listen 8080");
        await ConnectsAsync();

        await Board.KillDaemonAsync();
        await Board.StartAsync();

        await ConnectsAsync();

        async Task ConnectsAsync()
        {
            FlowerProcess cat = Board.Flower("cat", "--wait", "20s", "service=echo");
            await cat.WriteLineAsync("a tulip");
            await cat.Out.AwaitLineAsync("a tulip");
            cat.CloseInput();
            Assert.That(await cat.ExitAsync(), Is.Zero, cat.Error.ToString());
        }
    }

    [Test]
    public async Task Fault_AgentKilled_NothingOfTheBoxIsLeft()
    {
        FlowerProcess box = NetworkBoxes.Start(
            Board, ["--publish", "8080=service=echo"],
            "sh", "-c", $"sleep 1000 & exec python3 {NetworkBoxes.Script("echo_server.py")}");
        await box.WriteLineAsync("listen 8080");
        await NetworkBoxes.ListedAsync(Board, 1, "service");
        IReadOnlyList<int> all = [.. Descendants(box.Id)];
        Assert.That(all, Has.Count.GreaterThan(1));

        box.Kill();

        // Standard output ends when the last process that has it does.
        Assert.That(await box.ExitAsync(), Is.EqualTo(137));
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(!all.Any(id => Directory.Exists($"/proc/{id}")))), Is.True);
        await NetworkBoxes.ListedAsync(Board, 0, "service");
    }

    private FlowerProcess Box(string program, params string[] arguments) =>
        NetworkBoxes.Start(Board, [], [program, .. arguments]);

    private static async Task TryAsync(FlowerProcess box, string exit) =>
        Assert.That(await ExitOfTryAsync(box), Is.EqualTo(exit), box.Error.ToString());

    // What the next try says at its end.
    private static async Task<string?> ExitOfTryAsync(FlowerProcess box)
    {
        int before = Exits().Count;
        await box.WriteLineAsync("now");
        await Patience.UntilAsync(() => Task.FromResult(Exits().Count > before || box.HasExited));
        return Exits().LastOrDefault();

        List<string> Exits() => [.. box.Out.Lines.Where(line => line.StartsWith("exit ", StringComparison.Ordinal))];
    }

    // proc_pid_task(5): each thread has children of its own.
    private static IEnumerable<int> Descendants(int id) => Directory.GetDirectories($"/proc/{id}/task")
        .SelectMany(thread => File.ReadAllText(Path.Combine(thread, "children"))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Select(child => int.Parse(child, CultureInfo.InvariantCulture))
        .SelectMany(child => new[] { child }.Concat(Descendants(child)));

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
