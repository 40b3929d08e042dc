// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using Flower.Client;

namespace Flower.Benchmarks.Soak;

/// <summary>
/// What is soaked: a switchboard, a resolver, an ingress and an egress in processes of their own, and the servers in this one that
/// they lead to. Owns all of it.
/// </summary>
internal sealed class SoakBoard : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flower-soak-");
    private readonly List<SoakProcess> _processes = [];
    private readonly EchoServers _servers = new();
    private Handle? _root;

    private SoakBoard(string flower) => Flower = flower;

    /// <summary>The program.</summary>
    public string Flower { get; }

    /// <summary>The handle door.</summary>
    public string Switchboard => Path.Combine(_folder.FullName, "s");

    /// <summary>The gRPC door.</summary>
    public string Admin => Path.Combine(_folder.FullName, "admin");

    /// <summary>What the resolver reads.</summary>
    public string Names => Path.Combine(_folder.FullName, "names.json");

    /// <summary>Where the ingress listens.</summary>
    public IPEndPoint Ingress { get; private set; } = new(IPAddress.Loopback, 0);

    /// <summary>Where the egress leads to.</summary>
    public int Destination => _servers.Port;

    /// <summary>A session that is there all the time.</summary>
    public Handle Root => _root ?? throw new InvalidOperationException("not started");

    /// <summary>Those that are there all the time.</summary>
    public IReadOnlyList<SoakProcess> Processes => _processes;

    /// <summary>Starts all of it.</summary>
    public static async Task<SoakBoard> StartAsync(string flower)
    {
        var board = new SoakBoard(flower);
        try
        {
            await board.StartAsync();
            return board;
        }
        catch
        {
            await board.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _servers.DisposeAsync();
        if (_root is not null)
        {
            await _root.DisposeAsync();
        }

        // The switchboard last.
        for (int i = _processes.Count - 1; i >= 0; i--)
        {
            _processes[i].Dispose();
        }

        _folder.Delete(recursive: true);
    }

    private async Task StartAsync()
    {
        string config = Path.Combine(_folder.FullName, "config.json");
        uint user = Mono.Unix.Native.Syscall.geteuid();
        await File.WriteAllTextAsync(config, string.Create(
            CultureInfo.InvariantCulture,
            $$"""{ "grants": [ { "who": "uid:{{user}}", "rights": ["all", "tap"] } ] }"""));
        await File.WriteAllTextAsync(Names, """
            { "names": { "one": [ { "labels": "service=echo" } ], "other": [ { "labels": "service=echo" } ] } }
            """);
        await AddAsync(
            "switchboard", null, "switchboard", "--listen", Switchboard, "--admin", Admin, "--config", config);
        _root = await Handle.OpenAsync(Switchboard);
        await _servers.StartAsync(_root);
        await AddAsync("resolver", null, "resolver", "static", Names, "--key", "name", "directory=main");
        const string Listens = "listening on ";
        string line = await AddAsync(
            "ingress", Listens, "ingress", "accept", "127.0.0.1:0", "service=echo");
        Ingress = IPEndPoint.Parse(line[(line.LastIndexOf(' ') + 1)..]);
        await AddAsync(
            "egress", null, "egress", "connect", "--allow",
            string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Destination}"), "network=loopback");
    }

    private async Task<string> AddAsync(string name, string? awaited, params string[] arguments)
    {
        (SoakProcess process, string line) =
            await SoakProcess.StartReadyAsync(name, Flower, Switchboard, awaited, arguments);
        _processes.Add(process);
        return line;
    }
}
