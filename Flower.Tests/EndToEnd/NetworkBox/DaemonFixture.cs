// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>A real daemon on a port of 127.0.0.1, with a folder of its own; both end with this object.</summary>
internal abstract class DaemonFixture(string name) : IAsyncDisposable
{
    private FlowerProcess? _process;

    public int Port { get; } = LoopbackPort.Free();

    protected DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory($"flower-{name}-");

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        Folder.Delete(recursive: true);
    }

    /// <summary>Starts it; what is left of a failed start is taken away.</summary>
    protected static async Task<T> StartAsync<T>(T daemon)
        where T : DaemonFixture
    {
        try
        {
            (string program, string[] arguments, string ready) = await daemon.PrepareAsync();
            daemon._process = FlowerProcess.Start(program, arguments);
            await daemon._process.Error.AwaitLineAsync(ready);
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes its files; says how to start it, and what it says on standard error when it is ready.</summary>
    protected abstract Task<(string Program, string[] Arguments, string Ready)> PrepareAsync();
}
