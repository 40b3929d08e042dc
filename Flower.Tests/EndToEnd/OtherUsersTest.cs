// SPDX-License-Identifier: BSD-2-Clause
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// A test with a switchboard that has a configuration file, and with processes of other users, which only root can
/// start. The users need no account.
/// </summary>
[Category("EndToEnd")]
public abstract class OtherUsersTest
{
    /// <summary>Those of the tests, which no account of a usual machine has.</summary>
    protected const int Alice = 61_001, Bob = 61_002, Web = 61_100;

    private protected SwitchboardFixture Board { get; private set; } = null!;

    private protected string ConfigPath => Path.Combine(Board.Folder, "switchboard.json");

    [SetUp]
    public void MakeBoard()
    {
        if (Syscall.geteuid() != 0)
        {
            Assert.Ignore("only root can start processes of other users");
        }

        Board = new();

        // They are to be kept out by the configuration, not by the folder.
        File.SetUnixFileMode(
            Board.Folder,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupExecute
            | UnixFileMode.OtherExecute);
    }

    [TearDown]
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

    private protected Task StartAsync(string json, params string[] more)
    {
        File.WriteAllText(ConfigPath, json);
        return Board.StartAsync(["--config", ConfigPath, .. more]);
    }

    /// <summary>Starts a program as somebody else; without groups but the ones that are given.</summary>
    private protected FlowerProcess ProgramAs(int uid, int gid, int[] groups, string program, params string[] args) =>
        Board.Program(
            Programs.Require("setpriv"),
            [
                "--reuid", $"{uid}", "--regid", $"{gid}",
                groups.Length == 0 ? "--clear-groups" : $"--groups={string.Join(',', groups)}", "--", program, .. args,
            ]);

    private protected FlowerProcess FlowerAs(int uid, int gid, int[] groups, params string[] args) =>
        ProgramAs(uid, gid, groups, Programs.Flower, args);

    /// <summary>How <c>flower ls</c> ends for a user.</summary>
    private protected async Task<(int Code, string Error)> ListAsync(int uid, int gid = 61_999, params int[] groups)
    {
        FlowerProcess list = FlowerAs(uid, gid, groups, "ls");
        int code = await list.ExitAsync();
        return (code, list.Error.ToString());
    }
}
