// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>How <c>flower run --box</c> is started, by root or by an ordinary user.</summary>
internal static class NetworkBoxes
{
    /// <summary>Whose box it is: <see cref="Root"/>, which only root can test, or <see cref="Ordinary"/>.</summary>
    public const string Root = "root", Ordinary = "ordinary";

    /// <summary>An account that Debian has everywhere: ssh, for one, runs for no user without.</summary>
    private const string Account = "www-data";

    /// <summary>Lets the ordinary user do all on the switchboard.</summary>
    public const string Grants = $$"""{ "grants": [ { "who": "user:{{Account}}", "rights": "all" } ] }""";

    private static bool WeAreRoot => Syscall.geteuid() == 0;

    /// <summary>A script of this folder.</summary>
    public static string Script(string name) =>
        Path.Combine(Programs.Root, "Flower.Tests/EndToEnd/NetworkBox", name);

    /// <summary>Skips the test where such a box cannot be made.</summary>
    public static void Require(string user)
    {
        if (user == Root && !WeAreRoot)
        {
            Assert.Ignore("only root can make a box of root's");
        }
    }

    /// <summary>Starts a switchboard that both may use.</summary>
    public static async Task<SwitchboardFixture> StartBoardAsync()
    {
        var board = new SwitchboardFixture();
        try
        {
            // The ordinary user is kept out by the configuration, not by the folder.
            File.SetUnixFileMode(board.Folder, File.GetUnixFileMode(board.Folder) | UnixFileMode.OtherExecute);
            string configuration = Path.Combine(board.Folder, "switchboard.json");
            await File.WriteAllTextAsync(configuration, Grants);
            await board.StartAsync("--config", configuration);
            return board;
        }
        catch
        {
            await board.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a command in a box of the user who runs the tests.</summary>
    public static FlowerProcess Start(SwitchboardFixture board, string[] options, params string[] command) =>
        board.Flower([.. Words(options), "--", .. command]);

    /// <summary>
    /// Starts a command in a box of a user, with these variables and a home directory that is the box's own. Its
    /// standard input is this file, or, without one, what the test writes.
    /// </summary>
    public static FlowerProcess StartAs(
        string user,
        SwitchboardFixture board,
        IEnumerable<string> variables,
        string[] options,
        string[] command,
        string? input = null)
    {
        string[] become = user == Ordinary && WeAreRoot
            ? [Programs.Require("setpriv"), "--reuid", Account, "--regid", Account, "--clear-groups", "--"]
            : [];

        // An ordinary user's PATH has no /usr/sbin in Debian.
        string[] path = user == Ordinary ? ["PATH=/usr/local/bin:/usr/bin:/bin"] : [];
        string[] redirect = input is null ? [] : ["sh", "-c", $"exec \"$@\" <{input}", "sh"];
        string[] words =
        [
            .. become, Programs.Require("env"), "HOME=/tmp", .. path, .. variables, .. redirect, Programs.Flower,
            .. Words(options), "--", .. command,
        ];
        return board.Program(words[0], words[1..]);
    }

    /// <summary>
    /// Waits until a box's agent holds no more descriptors than before, but for a few of what it shares or keeps ready.
    /// </summary>
    public static async Task AssertNothingHeldAsync(FlowerProcess box, int before)
    {
        const int Ready = 16;
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(box.OpenDescriptors.Count <= before + Ready)), Is.True,
            () => string.Join('\n', box.OpenDescriptors));
    }

    /// <summary>What is on the board.</summary>
    public static async Task<List<TargetInfo>> ListAsync(Client.Handle handle, LabelSet labels)
    {
        List<TargetInfo> found = [];
        await foreach (TargetInfo target in handle.ListAsync(labels))
        {
            found.Add(target);
        }

        return found;
    }

    /// <summary>
    /// Waits until so many targets that state these keys are on the board: what is published is found out a moment
    /// after the server listens, or stops.
    /// </summary>
    public static async Task ListedAsync(SwitchboardFixture board, int count, params string[] keys)
    {
        await using Client.Handle handle = await board.OpenAsync();
        var labels = LabelSet.ParseWords([.. keys.Select(key => "+" + key)]);
        Assert.That(
            await Patience.UntilAsync(async () => (await ListAsync(handle, labels)).Count == count), Is.True,
            $"not {count} on the board");
    }

    private static string[] Words(string[] options)
    {
        foreach (string program in new[] { "bwrap", "nft", "ip", "unshare" })
        {
            _ = Programs.Require(program, "/usr/sbin");
        }

        return ["run", "--box", .. BoxTest.Shown, .. options];
    }
}
