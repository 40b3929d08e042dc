// SPDX-License-Identifier: BSD-2-Clause
using System.Net;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>
/// The world outside of a box: real servers on loopback that know nothing of Flower, the names that lead to them
/// (<c>flower resolver</c>), and an egress that lets clients reach them and nothing else. The names are
/// <c>web.example</c>, <c>db.example</c>, <c>git.example</c> and <c>ssh.example</c>; the ports, with
/// <c>DENIED</c>, where a server listens that the egress does not allow, are for scripts: see <see cref="Variables"/>.
/// </summary>
internal sealed class OutsideServers : IAsyncDisposable
{
    private const string Names = """
        { "names": {
          "web.example": [ { "labels": "address_family=inet server_address=127.0.0.1" } ],
          "db.example": [ { "labels": "address_family=inet server_address=127.0.0.1" } ],
          "git.example": [ { "labels": "address_family=inet server_address=127.0.0.1" } ],
          "ssh.example": [ { "labels": "address_family=inet server_address=127.0.0.1" } ]
        } }
        """;

    private readonly TcpServer _denied = new(IPAddress.Loopback);
    private readonly List<IAsyncDisposable> _servers = [];
    private NginxFixture? _web;
    private GitDaemonFixture? _git;
    private SshdFixture? _ssh;

    private OutsideServers()
    {
    }

    public NginxFixture Web => _web!;

    /// <summary>Where somebody listens that no box may reach.</summary>
    public int DeniedPort => _denied.Port;

    /// <summary>The private key for ssh.</summary>
    public string SshKey => _ssh!.Key;

    /// <summary>What scripts know: NAME=PORT.</summary>
    public IEnumerable<string> Variables { get; private set; } = [];

    /// <summary>nginx alone.</summary>
    public static Task<OutsideServers> StartWebAsync(SwitchboardFixture board) => StartAsync(board, webAlone: true);

    public static Task<OutsideServers> StartAllAsync(SwitchboardFixture board) => StartAsync(board, webAlone: false);

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable server in _servers)
        {
            await server.DisposeAsync();
        }

        _denied.Dispose();
    }

    private static async Task<OutsideServers> StartAsync(SwitchboardFixture board, bool webAlone)
    {
        var outside = new OutsideServers();
        try
        {
            await outside.StartServersAsync(webAlone);
            await outside.ConnectAsync(board);
            return outside;
        }
        catch
        {
            await outside.DisposeAsync();
            throw;
        }
    }

    private async Task StartServersAsync(bool webAlone)
    {
        _servers.Add(_web = await NginxFixture.StartAsync());
        List<(string Name, int Port)> ports = [("WEB", _web.PlainPort)];
        if (!webAlone)
        {
            int port = LoopbackPort.Free();
            _servers.Add(await PostgresFixture.StartAsync(port));
            _servers.Add(_git = await GitDaemonFixture.StartAsync());
            _servers.Add(_ssh = await SshdFixture.StartAsync());
            ports.AddRange([("DB", port), ("GIT", _git.Port), ("SSH", _ssh.Port)]);
        }

        Variables = [.. ports.Append(("DENIED", DeniedPort)).Select(entry => $"{entry.Item1}={entry.Item2}")];
    }

    private async Task ConnectAsync(SwitchboardFixture board)
    {
        string names = Path.Combine(board.Folder, "names.json");
        await File.WriteAllTextAsync(names, Names);
        await board.FlowerReadyAsync("resolver", "static", names, "--key", "server_hostname");
        await board.FlowerReadyAsync([
            "egress", "connect",
            .. Variables.Where(variable => !variable.StartsWith("DENIED", StringComparison.Ordinal))
                .SelectMany(variable => new[] { "--allow", $"127.0.0.1:{variable[(variable.IndexOf('=') + 1)..]}" }),
        ]);
    }
}
