// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Playwright;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Chromium without a window, and its pages. A page that reports an error fails the test. Owns the browser.</summary>
internal sealed class PageFixture : IAsyncDisposable
{
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly List<IBrowserContext> _contexts = [];
    private readonly List<string> _errors = [];

    private PageFixture(IPlaywright playwright, IBrowser browser)
    {
        _playwright = playwright;
        _browser = browser;
    }

    public static async Task<PageFixture> StartAsync()
    {
        string chromium = Programs.Require("chromium");
        Assertions.SetDefaultExpectTimeout((float)Patience.Limit.TotalMilliseconds);
        IPlaywright playwright = await Playwright.CreateAsync();
        return new(playwright, await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = chromium,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        }));
    }

    /// <summary>A tab with a store of its own.</summary>
    public async Task<IPage> OpenAsync(
        Uri url, int width = 1280, int height = 800, ColorScheme colours = ColorScheme.Light, bool expectErrors = false)
    {
        IBrowserContext context = await _browser.NewContextAsync(
            new() { ViewportSize = new() { Width = width, Height = height }, ColorScheme = colours });
        _contexts.Add(context);
        IPage page = await context.NewPageAsync();
        if (!expectErrors)
        {
            page.Console += (_, message) => Note(message.Type == "error" ? message.Text : null);
        }

        page.PageError += (_, error) => Note(error);
        page.Dialog += (_, dialog) => Note($"a dialogue: {dialog.Message}");
        await page.GotoAsync(url.ToString());
        return page;
    }

    /// <summary>At the end of each test.</summary>
    public async Task ClosePagesAsync()
    {
        foreach (IBrowserContext context in _contexts)
        {
            await context.CloseAsync();
        }

        _contexts.Clear();
        string[] errors;
        lock (_errors)
        {
            errors = [.. _errors];
            _errors.Clear();
        }

        Assert.That(errors, Is.Empty, "a page reports");
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    private void Note(string? error)
    {
        if (error is not null)
        {
            lock (_errors)
            {
                _errors.Add(error);
            }
        }
    }
}
