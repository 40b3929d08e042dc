// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// A switchboard under a service manager that keeps its descriptors, and starts it again when it was killed. Owns both,
/// and their folder.
/// </summary>
internal sealed class ServiceManagerFixture : IAsyncDisposable
{
    private readonly FlowerProcess _manager;
    private int _starts = 1;

    private ServiceManagerFixture(string folder)
    {
        Folder = folder;
        _manager = FlowerProcess.Start(
            Programs.Require("python3"),
            [
                Programs.ServiceManager, Programs.Flower, "switchboard", "--listen", Handle, "--admin",
                Path.Combine(folder, "admin.sock"),
            ]);
    }

    public string Folder { get; }

    public string Handle => Path.Combine(Folder, "switchboard.sock");

    /// <summary>The process id of the service manager.</summary>
    public int Id => _manager.Id;

    /// <summary>What the switchboards said.</summary>
    public string Log => _manager.Error.ToString();

    /// <summary>The process id of the switchboard.</summary>
    public int MainProcess => int.Parse(
        _manager.Out.Lines.Last(line => line.StartsWith("start ", StringComparison.Ordinal)
            || line.StartsWith("main ", StringComparison.Ordinal)).Split(' ')[1],
        System.Globalization.CultureInfo.InvariantCulture);

    public static async Task<ServiceManagerFixture> StartAsync()
    {
        var manager = new ServiceManagerFixture(Directory.CreateTempSubdirectory("flower-").FullName);
        await manager.ReadyAsync();
        return manager;
    }

    public Task<Client.Handle> OpenAsync() => Client.Handle.OpenAsync(Handle);

    /// <summary>SIGKILL, and a new one.</summary>
    public Task KillAsync() => AgainAsync("kill");

    /// <summary>SIGTERM, and a new one.</summary>
    public Task RestartAsync() => AgainAsync("restart");

    /// <summary>The new one that a SIGUSR2 started is ready.</summary>
    public async Task ReadyAgainAsync()
    {
        _starts++;
        await ReadyAsync();
    }

    /// <summary>The names of what the service manager keeps, sorted.</summary>
    public async Task<string[]> NamesAsync()
    {
        int before = Answers().Length;
        await _manager.WriteLineAsync("names");
        Assert.That(await Patience.UntilAsync(() => Task.FromResult(Answers().Length > before)), Is.True, Log);
        return Answers()[^1].Split(' ')[1..];
    }

    public async ValueTask DisposeAsync()
    {
        if (!_manager.HasExited)
        {
            _manager.CloseInput();
            Assert.That(await _manager.ExitAsync(), Is.Zero, Log);
        }

        await _manager.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task AgainAsync(string how)
    {
        _starts++;
        await _manager.WriteLineAsync(how);
        await ReadyAsync();
    }

    private string[] Answers() =>
        [.. _manager.Out.Lines.Where(line => line.StartsWith("names", StringComparison.Ordinal))];

    private async Task ReadyAsync() => Assert.That(
        await Patience.UntilAsync(() => Task.FromResult(_manager.Out.Lines.Count(line => line == "ready") >= _starts)),
        Is.True,
        Log);
}
