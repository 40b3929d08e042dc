// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>The command of an nginx that runs in a box, which must show its folder.</summary>
internal sealed class BoxedNginx
{
    private readonly string _folder;

    /// <summary>Writes its configuration, for any user.</summary>
    /// <param name="board">In whose folder it has one of its own.</param>
    /// <param name="listen">As in nginx.conf, after <c>listen</c>.</param>
    public BoxedNginx(SwitchboardFixture board, string listen)
    {
        _folder = Directory.CreateDirectory(Path.Combine(board.Folder, "nginx")).FullName;

        // Any user may log, and no other file is written here.
        File.WriteAllText(Log, "");
        File.SetUnixFileMode(Log, File.GetUnixFileMode(Log) | UnixFileMode.OtherWrite);

        // /tmp is the box's own. Without a capability, root's nginx can only stay root.
        File.WriteAllText(Path.Combine(_folder, "nginx.conf"), $$"""
            daemon off;
            {{(Environment.IsPrivilegedProcess ? "user root root;" : "")}}
            worker_processes 1;
            pid /tmp/nginx.pid;
            error_log stderr error;
            events { worker_connections 512; }
            http {
              log_format told '$proxy_protocol_addr $proxy_protocol_port $request_uri $status';
              access_log off;
              client_body_temp_path /tmp/body;
              proxy_temp_path /tmp/proxy;
              fastcgi_temp_path /tmp/fastcgi;
              uwsgi_temp_path /tmp/uwsgi;
              scgi_temp_path /tmp/scgi;
              server {
                listen {{listen}};
                location / { return 200 "{{Page}}\n"; }
                location /told { access_log {{Log}} told; return 200 "{{Page}}\n"; }
              }
            }
            """);
    }

    /// <summary>What it answers.</summary>
    public static string Page => "this is nginx in a box";

    /// <summary>For the box.</summary>
    public string[] Shown => ["--bind", _folder];

    /// <summary>Waits for the line with these words about a request to <c>/told</c>.</summary>
    public async Task<bool> AwaitLogAsync(string words) => await Patience.UntilAsync(
        async () => (await File.ReadAllTextAsync(Log)).Contains(words, StringComparison.Ordinal));

    private string Log => Path.Combine(_folder, "access.log");

    public string[] Command =>
    [
        Programs.Require("nginx", "/usr/sbin"), "-p", _folder, "-c", Path.Combine(_folder, "nginx.conf"),
        "-e", "stderr",
    ];
}
