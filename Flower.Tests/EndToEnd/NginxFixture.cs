// SPDX-License-Identifier: BSD-2-Clause
using Mono.Unix.Native;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// A real nginx that knows nothing of Flower, in a folder of its own: plain HTTP on two ports and on two Unix sockets, and
/// HTTPS for two names on two more. Each answers with its name. On all but <see cref="PlainPort"/> and <c>keep.sock</c>
/// it expects PROXY headers and logs the client that they tell.
/// </summary>
internal sealed class NginxFixture : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("flower-nginx-");
    private readonly FlowerProcess _process;

    private NginxFixture(string program)
    {
        using var certificates = new CertificateFiles(_folder.FullName);
        File.WriteAllText(PathOf("nginx.conf"), Configuration(certificates));
        _process = FlowerProcess.Start(
            program, ["-p", _folder.FullName, "-c", PathOf("nginx.conf"), "-e", PathOf("error.log")]);
    }

    /// <summary>Where it listens on 127.0.0.1, for PROXY headers and plain HTTP.</summary>
    public int Port { get; } = LoopbackPort.Free();

    /// <summary>The same without PROXY headers.</summary>
    public int PlainPort { get; } = LoopbackPort.Free();

    /// <summary>The certificate that makes a client trust the two names.</summary>
    public string AuthorityFile => PathOf("authority.pem");

    public static async Task<NginxFixture> StartAsync()
    {
        var nginx = new NginxFixture(Programs.Require("nginx", "/usr/sbin"));
        if (await Patience.UntilAsync(() => Task.FromResult(
                nginx._process.HasExited || LoopbackPort.Answers(nginx.PlainPort)))
            && !nginx._process.HasExited)
        {
            return nginx;
        }

        await nginx.DisposeAsync();
        throw new TimeoutException($"nginx does not start:\n{nginx._process.Error}");
    }

    /// <summary>A Unix socket of it, as an address for <c>--to</c>: a, b (HTTP), a-tls, b-tls or keep.</summary>
    public string Socket(string name) => "unix:" + PathOf(name + ".sock");

    /// <summary>The line of the access log with these words, once it is there.</summary>
    public async Task<string> AwaitLogAsync(params string[] words)
    {
        string? found = null;
        await Patience.UntilAsync(async () =>
        {
            string[] lines = await File.ReadAllLinesAsync(PathOf("access.log"));
            found = Array.Find(lines, line => words.All(line.Contains));
            return found is not null;
        });
        return found ?? throw new TimeoutException($"no line with '{string.Join("', '", words)}' in the access log");
    }

    public async ValueTask DisposeAsync()
    {
        // Killed, it would leave its workers behind.
        if (!_process.HasExited)
        {
            _process.Signal(Signum.SIGTERM);
            await _process.ExitAsync();
        }

        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private string PathOf(string name) => Path.Combine(_folder.FullName, name);

    private string Configuration(CertificateFiles certificates) => $$"""
        daemon off;
        worker_processes 1;
        pid {{PathOf("nginx.pid")}};
        events { worker_connections 900; }
        http {
          log_format told '$proxy_protocol_addr $proxy_protocol_port $server_name $request_uri $status';
          access_log {{PathOf("access.log")}} told;
          client_body_temp_path {{PathOf("body")}};
          proxy_temp_path {{PathOf("proxy")}};
          fastcgi_temp_path {{PathOf("fastcgi")}};
          uwsgi_temp_path {{PathOf("uwsgi")}};
          scgi_temp_path {{PathOf("scgi")}};
          {{Server("a.example", $"listen 127.0.0.1:{Port} proxy_protocol; {Listen("a")}")}}
          {{Server("b.example", Listen("b"))}}
          {{Server("a.example", Listen("a-tls", certificates.Issue("a.example")))}}
          {{Server("b.example", Listen("b-tls", certificates.Issue("b.example")))}}
          server {
            listen unix:{{PathOf("keep.sock")}};
            listen 127.0.0.1:{{PlainPort}};
            access_log off;
            location / { return 200 "this is nginx\n"; }
          }
        }
        """;

    private string Listen(string name) => $"listen unix:{PathOf(name + ".sock")} proxy_protocol;";

    private string Listen(string name, (string Certificate, string Key) files) =>
        $"listen unix:{PathOf(name + ".sock")} ssl proxy_protocol; "
        + $"ssl_certificate {files.Certificate}; ssl_certificate_key {files.Key};";

    private static string Server(string name, string listen) => $$"""
        server {
            server_name {{name}};
            {{listen}}
            location / { return 200 "this is {{name}}\n"; }
          }
        """;
}
