// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Playwright;
using NUnit.Framework;
using static Microsoft.Playwright.Assertions;

namespace Flower.Tests.EndToEnd;

/// <summary>The page of <c>flower web</c> in Chromium, beside real programs.</summary>
public sealed class WebPageTests : WebTest
{
    private PageFixture _browser = null!;

    [OneTimeSetUp]
    public async Task StartBrowser() => _browser = await PageFixture.StartAsync();

    [OneTimeTearDown]
    public async Task StopBrowser() => await _browser.DisposeAsync();

    [TearDown]
    public Task CheckPages() => _browser.ClosePagesAsync();

    [Test]
    public async Task Panel_Connection_IsACordUntilItsServerIsKilled()
    {
        using WebProcess web = await StartWebAsync();
        IPage page = await _browser.OpenAsync(web.Url);
        await Expect(page.Locator("#status")).ToHaveAttributeAsync("data-state", "connected");
        await Expect(page.Locator("#targets .empty")).ToBeVisibleAsync();

        (FlowerProcess server, FlowerProcess client) = await ConnectAsync("service=web zone=a", "service=web", "tenant=blue");

        await AwaitTargetsAsync(page, 1);
        await Expect(page.Locator("#targets .jack .name")).ToHaveTextAsync("zone=a");
        await Expect(page.Locator("#targets .jack")).ToHaveAttributeAsync("data-state", "open");
        await Expect(page.Locator("#targets h3")).ToHaveTextAsync("service=web · 1");
        await Expect(page.Locator("#clients .jack .name")).ToContainTextAsync($"{client.Id}");
        await Expect(page.Locator("#cords")).ToHaveAttributeAsync("data-cords", "1");
        Assert.That(await InkAsync(page), Is.GreaterThan(50), "pixels of a cord between the two sides");

        server.Kill();

        await Expect(page.Locator(".jack")).ToHaveCountAsync(0);
        await Expect(page.Locator("#cords")).ToHaveAttributeAsync("data-cords", "0");
        Assert.That(await InkAsync(page), Is.Zero);
    }

    [Test]
    public async Task Labels_MarkupAndDirectionMarks_StayText()
    {
        const string markup = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>";
        (_, FlowerProcess client) = await ConnectAsync($"service=web", "service=web", $"note={markup}", "<b>k</b>=\u202edcba");
        await Board.Flower("cat", "service=none", $"note={markup}").ExitAsync();
        using WebProcess web = await StartWebAsync();
        IPage page = await _browser.OpenAsync(web.Url);

        await Expect(page.Locator("#clients .jack .sub").First).ToContainTextAsync(markup);
        await page.Locator("#clients .jack", new() { HasText = $"{client.Id}" }).ClickAsync();
        await Expect(page.Locator("#details .labels")).ToContainTextAsync($"note={markup}");
        await Expect(page.Locator("#details .labels")).ToContainTextAsync("<b>k</b>=\ufffddcba");
        await page.Locator("#details .rows button").ClickAsync();
        await Expect(page.Locator("#details-title")).ToContainTextAsync("Connection");
        await page.Locator("#refusals summary").ClickAsync();
        await Expect(page.Locator("#refusal-list")).ToContainTextAsync("NOT_FOUND");
        await page.Locator("#explain-open").ClickAsync();
        await page.Locator("#explain-words").FillAsync($"\"note={markup.Replace("\"", "\\\"", StringComparison.Ordinal)}\"");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#explain-answer")).ToContainTextAsync(markup);

        Assert.That(await page.TitleAsync(), Is.EqualTo("Flower"));
        Assert.That(await page.Locator("img").CountAsync(), Is.EqualTo(1), "the flower alone");
        Assert.That(await page.Locator("script, b").CountAsync(), Is.EqualTo(1));
    }

    [Test]
    public async Task Search_Label_DimsTheOthers()
    {
        (FlowerProcess _, FlowerProcess one) = await ConnectAsync("service=web zone=a", "service=web", "zone=a");
        (FlowerProcess _, FlowerProcess other) = await ConnectAsync("service=web zone=b", "service=web", "zone=b");
        using WebProcess web = await StartWebAsync();
        IPage page = await _browser.OpenAsync(web.Url);
        await Expect(page.Locator("#clients .jack")).ToHaveCountAsync(2);
        await AwaitTargetsAsync(page, 2);

        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("ZONE=b");

        await Expect(page.Locator("#targets .jack.dim .name")).ToHaveTextAsync("zone=a");
        await Expect(page.Locator("#clients .jack.dim .name")).ToContainTextAsync($"{one.Id}");
        await Expect(page.Locator("#found")).ToHaveTextAsync("1 target and 1 client match");
        await page.Locator("#search").FillAsync($"pid {other.Id}");
        await Expect(page.Locator("#targets .jack:not(.dim) .name")).ToHaveTextAsync("zone=b");
        await page.Locator("#search").FillAsync("");
        await Expect(page.Locator(".jack.dim")).ToHaveCountAsync(0);
    }

    [Test]
    public async Task Keyboard_Alone_MovesOpensAndCloses()
    {
        await Board.FlowerReadyAsync("cat", "-l", "service=a");
        (FlowerProcess server, FlowerProcess client) = await ConnectAsync("service=b", "service=b");
        using WebProcess web = await StartWebAsync();
        IPage page = await _browser.OpenAsync(web.Url);
        await AwaitTargetsAsync(page, 2);
        await Expect(page.Locator("#cords")).ToHaveAttributeAsync("data-cords", "1");

        await page.Locator("#explain-open").FocusAsync();
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.Locator("#clients .jack")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.Locator("#targets .jack").First).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await Expect(page.Locator("#targets .jack").Last).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowLeft");
        await Expect(page.Locator("#clients .jack")).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("ArrowRight");
        await page.Keyboard.PressAsync("End");
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.Locator("#details-title")).ToBeFocusedAsync();
        await Expect(page.Locator("#details")).ToContainTextAsync($"flower.server_pid={server.Id}");
        await Expect(page.Locator("#details .source.attested").First).ToHaveTextAsync("attested");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Tab");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#details-title")).ToContainTextAsync("Connection");
        await Expect(page.Locator("#details")).ToContainTextAsync("waits for target0 bytes");
        await Expect(page.Locator("#details")).ToContainTextAsync($"flower.client_pid={client.Id}");
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator("#details")).ToBeHiddenAsync();
        await Expect(page.Locator("#targets .jack").Last).ToBeFocusedAsync();
    }

    [Test]
    public async Task Cord_Clicked_ShowsItsConnection()
    {
        await ConnectAsync("service=web", "service=web");
        using WebProcess web = await StartWebAsync();
        IPage page = await _browser.OpenAsync(web.Url);
        await AwaitTargetsAsync(page, 1);
        await Expect(page.Locator("#cords")).ToHaveAttributeAsync("data-cords", "1");

        // In the middle it hangs lowest: looked for downwards from the middle of the two jacks.
        LocatorBoundingBoxResult from = (await page.Locator("#clients .socket").BoundingBoxAsync())!;
        LocatorBoundingBoxResult to = (await page.Locator("#targets .socket").BoundingBoxAsync())!;
        (float x, float y) = ((from.X + to.X + to.Width) / 2, from.Y + (from.Height / 2));
        for (int down = 0; down < 80 && await page.Locator("#details").IsHiddenAsync(); down += 4)
        {
            await page.Mouse.ClickAsync(x, y + down);
        }

        await Expect(page.Locator("#details-title")).ToContainTextAsync("Connection");
    }

    [Test]
    public async Task Explain_Dialogue_SaysWhatTheBoardWouldAnswer()
    {
        await Board.FlowerReadyAsync("cat", "-l", "service=web", "zone=a");
        using WebProcess web = await StartWebAsync();
        IPage page = await _browser.OpenAsync(web.Url);
        await page.Locator("#explain-open").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#explain-words")).ToBeFocusedAsync();

        await page.Keyboard.TypeAsync("service=web zone=b");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#explain .verdict")).ToHaveTextAsync("Would fail with NOT_FOUND: nothing matches service=web zone=b");
        await Expect(page.Locator("#explain .why")).ToHaveTextAsync("one label away; zone is 'a', not 'b'");

        await page.Locator("#explain-words").FillAsync("service=web \"zone=a\"");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#explain .verdict.good")).ToHaveTextAsync("Would be offered to a target.");
        await page.Keyboard.PressAsync("Escape");
        await Expect(page.Locator("#explain")).ToBeHiddenAsync();
        await Expect(page.Locator("#explain-open")).ToBeFocusedAsync();
    }

    [Test]
    public async Task Groups_NamesWithNumbers_AreInTheOrderOfTheNumbers()
    {
        foreach (int number in new[] { 10, 2, 1 })
        {
            await Board.FlowerReadyAsync("cat", "-l", $"service=web-{number}");
        }

        using WebProcess web = await StartWebAsync();
        IPage page = await _browser.OpenAsync(web.Url);

        await Expect(page.Locator("#targets h3")).ToHaveTextAsync(
            ["service=web-1 · 1", "service=web-2 · 1", "service=web-10 · 1"]);
    }

    [Test]
    public async Task Timeline_Refusal_IsCountedShownAndExplained()
    {
        await Board.FlowerReadyAsync("cat", "-l", "service=web", "zone=a");
        using WebProcess web = await StartWebAsync();
        IPage page = await _browser.OpenAsync(web.Url);
        await Expect(page.Locator("#status")).ToHaveAttributeAsync("data-state", "connected");

        FlowerProcess client = Board.Flower("cat", "service=web", "zone=b");
        await client.ExitAsync();

        await Expect(page.Locator("#time-words")).ToHaveTextAsync("0 connects and 1 refusal in the last five minutes");
        await Expect(page.Locator("#clients .jack")).ToHaveAttributeAsync("data-state", "refused");
        await Expect(page.Locator("#cords")).ToHaveAttributeAsync("data-cords", "1");
        await page.Locator("#refusals summary").ClickAsync();
        await Expect(page.Locator("#refusal-list li")).ToContainTextAsync("nothing matches service=web zone=b");
        await page.Locator("#refusal-list .link").ClickAsync();
        await Expect(page.Locator("#explain .why")).ToHaveTextAsync("one label away; zone is 'a', not 'b'");
    }

    [Test]
    public async Task Token_InTheUrl_IsTakenOutAndKeptForThisTab()
    {
        using WebProcess web = await StartWebAsync();
        IPage page = await _browser.OpenAsync(web.Url);
        await Expect(page.Locator("#status")).ToHaveAttributeAsync("data-state", "connected");
        Assert.That(page.Url, Is.EqualTo($"http://127.0.0.1:{web.Url.Port}/"));

        await page.ReloadAsync();
        await Expect(page.Locator("#status")).ToHaveAttributeAsync("data-state", "connected");

        IPage without = await _browser.OpenAsync(new(page.Url), expectErrors: true);
        await Expect(without.Locator("#status")).ToContainTextAsync("the token is wrong: open the URL that flower web has printed");
    }

    [Test]
    public async Task Status_SwitchboardKilledAndBack_IsSaid()
    {
        await Board.FlowerReadyAsync("cat", "-l", "-k", "program=before");
        using WebProcess web = await StartWebAsync();
        IPage page = await _browser.OpenAsync(web.Url);
        await Expect(page.Locator("#targets .jack")).ToHaveCountAsync(1);

        await Board.KillDaemonAsync();
        await Expect(page.Locator("#status")).ToHaveAttributeAsync("data-state", "disconnected");
        await Expect(page.Locator("#status")).ToContainTextAsync("switchboard");

        await Board.StartAsync();
        await Board.FlowerReadyAsync("cat", "-l", "program=after");
        await Expect(page.Locator("#status")).ToHaveAttributeAsync("data-state", "connected");
        await Expect(page.Locator("#targets .jack .name", new() { HasText = "program=after" }).Or(
            page.Locator("#targets h3", new() { HasText = "program=after" })).First).ToBeVisibleAsync();
    }

    [TestCase(1280, 800, ColorScheme.Light)]
    [TestCase(1280, 800, ColorScheme.Dark)]
    [TestCase(360, 740, ColorScheme.Light)]
    [TestCase(360, 740, ColorScheme.Dark)]
    public async Task Look_WidthAndColours_Fit(int width, int height, ColorScheme colours)
    {
        await ConnectAsync($"service=web zone={new string('z', 300)}", "service=web");
        await ConnectAsync("service=db role=primary", "service=db");
        await Board.Flower("cat", "service=none").ExitAsync();
        using WebProcess web = await StartWebAsync();
        IPage page = await _browser.OpenAsync(web.Url, width, height, colours);
        await AwaitTargetsAsync(page, 2);
        await Expect(page.Locator("#cords")).ToHaveAttributeAsync("data-cords", "2");
        await ShowAsync("panel");
        await page.Locator("#targets .jack").First.ClickAsync();
        await ShowAsync("details");
        await page.Keyboard.PressAsync("Escape");
        await page.Locator("#explain-open").ClickAsync();
        await page.Locator("#explain-words").FillAsync($"service=web zone={new string('y', 300)}");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#explain .verdict")).ToBeVisibleAsync();
        await ShowAsync("explain");

        async Task ShowAsync(string name)
        {
            byte[] image = await page.ScreenshotAsync();
            if (Environment.GetEnvironmentVariable("FLOWER_SCREENSHOTS") is { Length: > 0 } folder)
            {
                await File.WriteAllBytesAsync(Path.Combine(folder, $"{name}-{width}-{colours}.png"), image);
            }

            Assert.That(
                await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"), Is.Zero,
                $"{name} is wider than the window");
            int light = await page.EvaluateAsync<int>(
                "parseInt(getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/)[0])");
            Assert.That(light > 128, Is.EqualTo(colours == ColorScheme.Light));
        }
    }

    // How many pixels of the canvas between the two sides are not empty.
    // What is shown of a target that is not registered any more is not what is waited for.
    private static async Task AwaitTargetsAsync(IPage page, int count)
    {
        await Expect(page.Locator("#targets .jack", new() { HasText = "has gone" })).ToHaveCountAsync(0);
        await Expect(page.Locator("#targets .jack")).ToHaveCountAsync(count);
    }

    private static Task<int> InkAsync(IPage page) => page.EvaluateAsync<int>("""
        () => {
            const canvas = document.getElementById("cords");
            const pixels = canvas.getContext("2d").getImageData(canvas.width * 0.45, 0, canvas.width * 0.1, canvas.height).data;
            let ink = 0;
            for (let i = 3; i < pixels.length; i += 4) ink += pixels[i] > 0;
            return ink;
        }
        """);
}
