// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Tests.EndToEnd;
using Flower.Web;
using Microsoft.Playwright;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace Flower.Tests.Web;

/// <summary>A page with a thousand targets and five thousand connections, told by the server as if a board had.</summary>
[Category("EndToEnd")]
public sealed class LargeBoardTests
{
    private const int Targets = 1_000;
    private const int Connections = 5_000;
    private const int Clients = 500;
    private const int Frames = 120;

    [TestCase(1440, 900)]
    [TestCase(390, 800)]
    public async Task Page_ThousandsOfCords_AreDrawnWhileItMoves(int width, int height)
    {
        await using PageFixture browser = await PageFixture.StartAsync();
        // Nobody answers there: what is shown comes from this test.
        using var door = new BoardDoor("/nowhere/admin.sock");
        await using var feed = new BoardFeed(door, LabelSet.Empty);
        var guard = new RequestGuard([]);
        await using WebServer server =
            await WebServer.StartAsync(door, feed, guard, new(IPAddress.Loopback, 0), CancellationToken.None);
        IPage page = await browser.OpenAsync(new($"http://{server.EndPoint}/#token={guard.Token}"), width, height);
        await Expect(page.Locator("#status")).ToContainTextAsync("no switchboard answers");

        for (int i = 0; i < Targets; i++)
        {
            feed.Model.Apply(new() { Target = new() { Change = TargetChange.Added, TargetId = (ulong)i + 1, Target = Target(i) } });
        }

        feed.Model.Apply(new() { SnapshotEnded = new() });
        List<LiveConnection> connections = [.. Enumerable.Range(0, Connections).Select(Connection)];
        feed.Model.Update(connections, null);
        await Expect(page.Locator("#counts")).ToHaveTextAsync("1,000 targets, 5,000 connections");
        await Expect(page.Locator("#cords")).ToHaveAttributeAsync("data-cords", "5000");
        await Expect(page.Locator("#targets .jack")).ToHaveCountAsync(Targets);

        // Nothing is dimmed, as on a page that is connected.
        await page.EvaluateAsync("document.body.classList.remove('inert')");
        string still = await FramesAsync(page, "() => {}");
        string scrolling = await FramesAsync(page, "i => scrollBy(0, i % 20 < 10 ? 25 : -25)");
        string pointing = await FramesAsync(page, "i => document.querySelectorAll('#targets .jack')[i].dispatchEvent(new PointerEvent('pointerover', { bubbles: true }))");
        Task<string> churning = FramesAsync(page, "() => {}");
        for (int i = 0; !churning.IsCompleted; i++)
        {
            // Some go, and others come.
            connections = [.. connections.Skip(25), .. Enumerable.Range(Connections + (25 * i), 25).Select(Connection)];
            feed.Model.Update(connections, null);
            await Task.WhenAny(churning, Task.Delay(TimeSpan.FromMilliseconds(100)));
        }

        await Expect(page.Locator("#cords")).ToHaveAttributeAsync("data-cords", "5000");
        await TestContext.Out.WriteLineAsync(
            $"{width}x{height}: one drawing of 5,000 cords {await page.Locator("#cords").GetAttributeAsync("data-milliseconds")} ms\n"
            + $"  still {still}\n  scrolling {scrolling}\n  pointing {pointing}\n  250 connections replaced a second {await churning}");
        if (Environment.GetEnvironmentVariable("FLOWER_SCREENSHOTS") is { Length: > 0 } folder)
        {
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"large-{width}.png") });
        }

        await browser.ClosePagesAsync();
    }

    private static Target Target(int i)
    {
        var target = new Target { Kind = TargetKind.Server, Weight = 100 };
        target.Labels.Add(TargetLabels(i));
        return target;
    }

    private static LiveConnection Connection(int i)
    {
        int pid = 1_000_000 + (i % Clients);
        var connection = new LiveConnection
        {
            Id = (ulong)i + 1,
            Kind = ConnectionKind.Pair,
            SocketCookie = (ulong)i + 1,
            Client = new() { Pid = pid, Uid = 1000 },
            Target = new() { Pid = 2_000_000, Uid = 1000 },
        };
        connection.ClientLabels.Add(Label("service", $"service-{i % 20}"));
        connection.ClientLabels.Add(Label("tenant", $"tenant-{i % 50}"));
        // Each pair of a client and a target is another one.
        connection.TargetLabels.Add(TargetLabels(((i * 7) + (i / Clients * 13)) % Targets));
        return connection;
    }

    private static IEnumerable<Label> TargetLabels(int i) =>
        [Label("instance", i.ToString(CultureInfo.InvariantCulture)), Label("service", $"service-{i % 20}")];

    private static Label Label(string key, string value) => new() { Key = key, Value = value, Source = Source.Claimed };

    // How long frames take while something is done in each: median, 95th of a hundred, and the longest.
    private static async Task<string> FramesAsync(IPage page, string each) => await page.EvaluateAsync<string>($$"""
        () => new Promise(resolve => {
            const each = {{each}};
            const times = [];
            let last = performance.now();
            const frame = now => {
                times.push(performance.now() - last);
                last = performance.now();
                if (times.length > {{Frames}}) {
                    times.sort((a, b) => a - b);
                    const at = part => times[Math.floor(part * (times.length - 1))].toFixed(1);
                    resolve(`${at(0.5)} ms, p95 ${at(0.95)} ms, at most ${at(1)} ms`);
                } else {
                    each(times.length - 1);
                    requestAnimationFrame(frame);
                }
            };
            requestAnimationFrame(frame);
        })
        """);
}
