// SPDX-License-Identifier: BSD-2-Clause
using Mono.Unix;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// A real PostgreSQL with an empty database, in a folder of its own, on a Unix socket and, if asked for, a port. It refuses to run as root,
/// so root runs it as the user <c>postgres</c> of Debian's package.
/// </summary>
internal sealed class PostgresFixture : IAsyncDisposable
{
    private const string Folders = "/usr/lib/postgresql/*/bin";
    private const string User = "postgres";

    private readonly DirectoryInfo _folder;
    private readonly FlowerProcess _process;

    private PostgresFixture(DirectoryInfo folder, FlowerProcess process)
    {
        _folder = folder;
        _process = process;
    }

    /// <summary>The name that PostgreSQL gives its socket; clients are told the folder.</summary>
    public static string SocketName => ".s.PGSQL.5432";

    /// <summary>Of one without a port.</summary>
    public string SocketPath => Path.Combine(_folder.FullName, SocketName);

    /// <summary>Starts one.</summary>
    /// <param name="port">Of 127.0.0.1; none: on the Unix socket alone.</param>
    public static async Task<PostgresFixture> StartAsync(int? port = null)
    {
        string initdb = Programs.Require("initdb", Folders);
        string postgres = Programs.Require("postgres", Folders);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("flower-postgres-");
        if (Syscall.geteuid() == 0)
        {
            var owner = new UnixUserInfo(User);
            new UnixDirectoryInfo(folder.FullName).SetOwner(owner);
        }

        string data = Path.Combine(folder.FullName, "data");
        await using (FlowerProcess making = Start(
            initdb, "-D", data, "-U", "flower", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"))
        {
            Assert.That(await making.ExitAsync(), Is.Zero, making.Error.ToString());
        }

        var started = new PostgresFixture(folder, Start(
            postgres, "-D", data, "-k", folder.FullName, "-c", "fsync=off",
            "-c", $"listen_addresses={(port is null ? "" : "127.0.0.1")}", "-p", $"{port ?? 5432}"));
        try
        {
            await started._process.Error.AwaitLineAsync("ready to accept connections");
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // "Fast shutdown": sessions are ended. Killed, it would leave its processes behind.
        if (!_process.HasExited)
        {
            _process.Signal(Signum.SIGINT);
            await _process.ExitAsync();
        }

        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    // setpriv becomes the program, so the process is the server itself.
    private static FlowerProcess Start(string program, params string[] args) => Syscall.geteuid() != 0
        ? FlowerProcess.Start(program, args)
        : FlowerProcess.Start(
            Programs.Require("setpriv"),
            ["--reuid", User, "--regid", User, "--clear-groups", "--", program, .. args]);
}
