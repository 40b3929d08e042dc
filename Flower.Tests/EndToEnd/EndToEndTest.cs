// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A test with a switchboard of its own. What it finds at the end is reported beside the test's failure.</summary>
[Category("EndToEnd")]
public abstract class EndToEndTest
{
    private protected SwitchboardFixture Board { get; private set; } = null!;

    [SetUp]
    public async Task StartBoard()
    {
        Board = new();
        await Board.StartAsync(Prepare());
    }

    /// <summary>What the switchboard is started with, once its folder is there.</summary>
    private protected virtual string[] Prepare() => [];

    [TearDown]
    public async Task StopBoard()
    {
        try
        {
            await Board.StopAsync();
        }
        finally
        {
            await Board.DisposeAsync();
        }
    }
}
