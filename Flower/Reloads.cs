// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Flower.CommandLine;
using Flower.Switchboard.Hosting;

namespace Flower;

/// <summary>
/// Reloads a switchboard's configuration, and reopens its audit log, at each SIGHUP, one after the other, and tells the
/// service manager (Type=notify-reload, systemd.service(5)). While this object lives, SIGHUP does not end the process.
/// </summary>
internal sealed class Reloads : IAsyncDisposable
{
    // A signal during a reload asks for one more, however often it comes.
    private readonly Channel<bool> _asked = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly SwitchboardDaemon _daemon;
    private readonly PosixSignalRegistration _hangUp;
    private readonly Task _running;

    public Reloads(SwitchboardDaemon daemon)
    {
        _daemon = daemon;
        _running = RunAsync();
        _hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
    }

    /// <summary>No more signals first, then the reload that is going on.</summary>
    public async ValueTask DisposeAsync()
    {
        _hangUp.Dispose();
        _asked.Writer.TryComplete();
        await _running;
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        _asked.Writer.TryWrite(true);
    }

    private async Task RunAsync()
    {
        await foreach (bool _ in _asked.Reader.ReadAllAsync())
        {
            Notifier.Reloading();
            IReadOnlyList<string> errors = await _daemon.ReloadAsync();
            Notifier.Reloaded(errors.Count == 0 ? "" : $"something is wrong and was not reloaded: {errors[0]}");
        }
    }
}
