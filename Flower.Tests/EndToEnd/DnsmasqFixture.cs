// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Mono.Unix.Native;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// A real DNS server (dnsmasq) on loopback, in a folder of its own, that knows what the test tells it and asks nobody else.
/// The records can be others later on.
/// </summary>
internal sealed class DnsmasqFixture : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flower-dnsmasq-");
    private readonly string _program = Programs.Require("dnsmasq", "/usr/sbin");
    private FlowerProcess? _process;

    private DnsmasqFixture()
    {
    }

    public int Port { get; } = LoopbackPort.Free();

    /// <summary>For <c>--server</c>.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Starts one that is the authority for <c>example</c>.</summary>
    /// <param name="records">Lines of dnsmasq.conf.</param>
    public static async Task<DnsmasqFixture> StartAsync(params string[] records)
    {
        var dnsmasq = new DnsmasqFixture();
        await dnsmasq.ChangeAsync(records);
        return dnsmasq;
    }

    /// <summary>Goes on with other records.</summary>
    public async Task ChangeAsync(params string[] records)
    {
        await StopAsync();
        string configuration = Path.Combine(_folder.FullName, "dnsmasq.conf");
        await File.WriteAllLinesAsync(
            configuration,
            [
                "keep-in-foreground", "no-resolv", "no-hosts", "bind-interfaces", "user=root", "pid-file=",
                "listen-address=127.0.0.1", $"port={Port}", "local=/example/", "local-ttl=1", .. records,
            ]);
        _process = FlowerProcess.Start(_program, ["-C", configuration]);
        if (!await Patience.UntilAsync(() => Task.FromResult(_process.HasExited || LoopbackPort.Answers(Port))) || _process.HasExited)
        {
            string said = _process.Error.ToString();
            await DisposeAsync();
            throw new TimeoutException($"dnsmasq does not start:\n{said}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Delete(recursive: true);
    }

    private async Task StopAsync()
    {
        if (_process is not null)
        {
            _process.Signal(Signum.SIGTERM);
            await _process.ExitAsync();
            await _process.DisposeAsync();
            _process = null;
        }
    }
}
