// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Tests.EndToEnd;

/// <summary>A test of <c>flower run --no-network</c>: how to start one.</summary>
public abstract class BoxTest : EndToEndTest
{
    /// <summary>What a box must show for these tests, wherever they are: the programs and the scripts.</summary>
    internal static string[] Shown =>
    [
        "--bind", Programs.Root, "--bind", Path.GetDirectoryName(Programs.Flower)!, "--bind",
        Environment.CurrentDirectory,
    ];

    /// <summary>Starts a command in a box.</summary>
    private protected FlowerProcess Box(string[] options, params string[] command)
    {
        _ = Programs.Require("bwrap");
        return Board.Flower(["run", "--no-network", .. Shown, .. options, "--", .. command]);
    }

    /// <summary>The same, a shell in which <c>f</c> is flower.</summary>
    private protected FlowerProcess BoxShell(string[] options, string script) =>
        Box(options, "sh", "-c", $"f() {{ \"{Programs.Flower}\" \"$@\"; }}; {script}");
}
