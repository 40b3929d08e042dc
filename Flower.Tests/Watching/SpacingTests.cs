// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Transport;
using Flower.Switchboard.Watching;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Watching;

/// <summary>The first is told at once, then the last of each interval, and how many were not.</summary>
internal sealed class SpacingTests
{
    private readonly List<string> _told = [];

    private EventLoop _loop = null!;

    [SetUp]
    public void Start()
    {
        _told.Clear();
        _loop = new EventLoop("spacing", null);
    }

    [TearDown]
    public void Stop() => _loop.Dispose();

    [Test]
    public async Task Happened_WithinAnInterval_TheFirstAndTheLastAreTold()
    {
        var spacing = new Spacing<string>(new DeadlineQueue(_loop, TimeSpan.FromHours(1)));
        await _loop.Invoke(() =>
        {
            for (int i = 0; i < 5; i++)
            {
                Happened(spacing, "a", i);
            }

            Happened(spacing, "b", 0);
            Assert.That(_told, Is.EqualTo(new[] { "a0 after 0", "b0 after 0" }));
            spacing.Flush();
            spacing.Flush();
        }).Soon();

        Assert.That(_told, Is.EqualTo(new[] { "a0 after 0", "b0 after 0", "a4 after 3" }));
    }

    [Test]
    public async Task Happened_IntervalEnds_TheLastIsToldAndThenEachAtOnce()
    {
        var spacing = new Spacing<string>(new DeadlineQueue(_loop, TimeSpan.FromMilliseconds(1)));
        await _loop.Invoke(() =>
        {
            Happened(spacing, "a", 0);
            Happened(spacing, "a", 1);
        }).Soon();

        Waiting.Until(() => TellOnLoop().Length == 2, "the last is not told");
        Waiting.Until(
            () =>
            {
                _loop.Invoke(() => Happened(spacing, "a", 2)).Soon().GetAwaiter().GetResult();
                return TellOnLoop().Contains("a2 after 0");
            },
            "it rests for ever");
        Assert.That(_told[..2], Is.EqualTo(new[] { "a0 after 0", "a1 after 0" }));
    }

    [Test]
    public async Task Forget_WhatIsStillToBeTold_IsNot()
    {
        var spacing = new Spacing<string>(new DeadlineQueue(_loop, TimeSpan.FromHours(1)));
        await _loop.Invoke(() =>
        {
            Happened(spacing, "a", 0);
            Happened(spacing, "a", 1);
            spacing.Forget("a");
            spacing.Forget("a");
            spacing.Flush();
            Happened(spacing, "a", 2);
        }).Soon();

        Assert.That(_told, Is.EqualTo(new[] { "a0 after 0", "a2 after 0" }));
    }

    private void Happened(Spacing<string> spacing, string who, int number) =>
        spacing.Happened(who, leftOut => _told.Add($"{who}{number} after {leftOut}"));

    private string[] TellOnLoop()
    {
        string[] told = [];
        _loop.Invoke(() => told = [.. _told]).Soon().GetAwaiter().GetResult();
        return told;
    }
}
