// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>
/// A real git daemon on a port of 127.0.0.1 that serves a repository with one file, in a folder of its own.
/// </summary>
internal sealed class GitDaemonFixture : DaemonFixture
{
    private GitDaemonFixture()
        : base("git")
    {
    }

    /// <summary>The repository's name, and its file's; the file says the same.</summary>
    public static string Name => "tulip";

    public static Task<GitDaemonFixture> StartAsync() => StartAsync(new GitDaemonFixture());

    protected override async Task<(string Program, string[] Arguments, string Ready)> PrepareAsync()
    {
        string work = Path.Combine(Folder.FullName, Name);
        string[] author = ["-c", "user.name=test", "-c", "user.email=test@example"];
        await GitAsync("init", "-q", "-b", "main", work);
        await File.WriteAllTextAsync(Path.Combine(work, Name), Name + "\n");
        await GitAsync("-C", work, "add", Name);
        await GitAsync([.. author, "-C", work, "commit", "-q", "-m", "A flower"]);

        // Not by "git daemon", which would start it as a child and leave it behind.
        string daemon = Path.Combine(await GitAsync("--exec-path"), "git-daemon");
        string[] arguments =
        [
            "--verbose", "--listen=127.0.0.1", $"--port={Port}", "--export-all", $"--base-path={Folder.FullName}",
        ];
        return (daemon, arguments, "Ready to rumble");
    }

    private static async Task<string> GitAsync(params string[] arguments)
    {
        await using FlowerProcess git = FlowerProcess.Start(Programs.Require("git"), arguments);
        Assert.That(await git.ExitAsync(), Is.Zero, git.Error.ToString());
        return git.Out.ToString();
    }
}
