// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>
/// A real git daemon on a port of 127.0.0.1 that serves a repository with one file, in a folder of its own.
/// </summary>
internal sealed class GitDaemonFixture : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flower-git-");
    private FlowerProcess? _process;

    private GitDaemonFixture()
    {
    }

    /// <summary>The repository's name, and its file's; the file says the same.</summary>
    public static string Name => "tulip";

    public int Port { get; } = LoopbackPort.Free();

    public static async Task<GitDaemonFixture> StartAsync()
    {
        var git = new GitDaemonFixture();
        try
        {
            await git.StartServerAsync();
            return git;
        }
        catch
        {
            await git.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    private async Task StartServerAsync()
    {
        string work = Path.Combine(_folder.FullName, Name);
        string[] author = ["-c", "user.name=test", "-c", "user.email=test@example"];
        await GitAsync("init", "-q", "-b", "main", work);
        await File.WriteAllTextAsync(Path.Combine(work, Name), Name + "\n");
        await GitAsync("-C", work, "add", Name);
        await GitAsync([.. author, "-C", work, "commit", "-q", "-m", "A flower"]);

        // Not by "git daemon", which would start it as a child and leave it behind.
        string daemon = Path.Combine(await GitAsync("--exec-path"), "git-daemon");
        _process = FlowerProcess.Start(
            daemon,
            [
                "--verbose", "--listen=127.0.0.1", $"--port={Port}", "--export-all",
                $"--base-path={_folder.FullName}",
            ]);
        await _process.Error.AwaitLineAsync("Ready to rumble");
    }

    private static async Task<string> GitAsync(params string[] arguments)
    {
        await using FlowerProcess git = FlowerProcess.Start(Programs.Require("git"), arguments);
        Assert.That(await git.ExitAsync(), Is.Zero, git.Error.ToString());
        return git.Out.ToString();
    }
}
