// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Text;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// A program without a network that serves HTTP to the outside and asks a PostgreSQL, through nothing but its handle.
/// </summary>
public sealed class BoxServiceTests : BoxTest
{
    private static readonly string[] Narrow =
    [
        "--right", "server-start,client-connect,ingress-connect", "--in", "service=www", "--out", "service=db",
    ];

    // psql has its socket in the box's own /tmp, where an ingress takes it to the board.
    private const string Serve = """
        f ingress accept unix:/tmp/.s.PGSQL.5432 &
        until [ -S /tmp/.s.PGSQL.5432 ]; do sleep 0.05; done
        cat >/tmp/answer <<'END'
        while read -r line && [ "${#line}" -gt 1 ]; do :; done
        body=$(psql -X -A -t -h /tmp -U flower -d postgres -c 'select 6 * 7')
        printf 'HTTP/1.1 200 OK\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' "${#body}" "$body"
        END
        f serve -- sh /tmp/answer
        """;

    private PostgresFixture _postgres = null!;

    [SetUp]
    public async Task StartPostgres()
    {
        _ = Programs.Require("psql");
        _postgres = await PostgresFixture.StartAsync();
        await Board.FlowerReadyAsync("egress", "connect", "--to", "unix:" + _postgres.SocketPath, "service=db");
        await Board.FlowerReadyAsync("serve", "service=secret", "--", "echo", "secret");
    }

    [TearDown]
    public async Task StopPostgres() => await _postgres.DisposeAsync();

    [Test]
    public async Task Box_ServesHttpFromPostgres_ThroughItsHandleAlone()
    {
        FlowerProcess ingress = await Board.FlowerReadyAsync("ingress", "accept", "127.0.0.1:0", "service=www");
        string listening = await ingress.Error.AwaitLineAsync("listening on ");
        FlowerProcess box = BoxShell(Narrow, Serve);
        await box.Error.AwaitLineAsync("flower serve: registered", "service=www");

        string answer = await GetAsync(IPEndPoint.Parse(listening[(listening.LastIndexOf(' ') + 1)..]));

        Assert.That(answer, Does.StartWith("HTTP/1.1 200 OK").And.EndsWith("\r\n\r\n42"), box.Error.ToString());
        Assert.That(File.Exists("/tmp/answer"), Is.False, "its /tmp is its own");
    }

    [Test]
    public async Task Box_AnotherServer_IsOutOfReach()
    {
        FlowerProcess box = BoxShell(
            Narrow,
            $"f cat -d service=secret; echo $?; psql -X -h {Path.GetDirectoryName(_postgres.SocketPath)}; echo $?");

        Assert.That(await box.ExitAsync(), Is.Zero);
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { "77", "2" }));
        Assert.That(box.Error.ToString(), Does.Contain("'service' contradicts"));
        Assert.That(box.Error.ToString(), Does.Contain("No such file or directory"));
    }

    private static async Task<string> GetAsync(IPEndPoint address)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(address).Within();
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"));
        using var reader = new StreamReader(stream, Encoding.ASCII);
        return await reader.ReadToEndAsync().Within();
    }
}
