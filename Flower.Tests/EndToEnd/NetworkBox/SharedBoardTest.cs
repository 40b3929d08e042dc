// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>
/// Tests of boxes that share one switchboard, which root and the ordinary user may use: a test that leaves nothing on the
/// board needs none of its own. What is found at the board's end is reported beside the last one.
/// </summary>
[Category("EndToEnd")]
public abstract class SharedBoardTest
{
    private protected SwitchboardFixture Board { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartBoard() => Board = await NetworkBoxes.StartBoardAsync();

    [OneTimeTearDown]
    public async Task StopBoard()
    {
        if (Board is null)
        {
            return;
        }

        try
        {
            await Board.StopAsync();
        }
        finally
        {
            await Board.DisposeAsync();
        }
    }

    /// <summary>A path that no other test has, in a folder that a box must be shown.</summary>
    private protected string NewPath() => Path.Combine(Board.Folder, $"{Guid.NewGuid():N}");
}
