// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Flower.Client;
using Flower.Protocol;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>What <c>flower tap</c> writes down, as tshark reads it.</summary>
public sealed class TapCaptureTests : TapTest
{
    private const string Hostile = "\u001b]0;owned\u0007\n|<img onerror=x>";
    private const string Harmless = "evil=?]0;owned??|<img onerror=x>";

    [Test]
    public async Task HttpThroughAnIngress_InACapture_IsFoundByTshark()
    {
        await using LabelServer server = await ServeAsync("www", ("evil", Hostile));
        (_, IPEndPoint address) = await StartAsync();
        FlowerProcess tap = await TapAsync("-w", Capture, "-c", "1");

        AssertServedBy("www", await AskAsync(address));

        Assert.That(await tap.ExitAsync(), Is.Zero, tap.Error.ToString());
        Assert.That(tap.Error.Lines[^1], Is.EqualTo("flower tap: 1 connection was tapped, 0 were missed"));
        Assert.That(File.GetUnixFileMode(Capture), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        LabelServer.Visit visit = await server.FirstAsync();
        Assert.That(visit.Labels["flower.tapped"], Is.EqualTo("true"));

        string[][] request = await TsharkAsync("http.request", "http.host", "ipv6.dst", "tcp.dstport");
        Assert.That(request, Has.Length.EqualTo(1));
        string id = ulong.Parse(visit.Labels["flower.connection_id"]!, CultureInfo.InvariantCulture).ToString("x");
        Assert.That(request[0], Is.EqualTo(new[]
        {
            "a.example", $"fd66:6c6f:7765:7202::{id}", address.Port.ToString(CultureInfo.InvariantCulture),
        }));
        string[][] answer = await TsharkAsync("http.response", "http.response.code", "http.file_data");
        Assert.That(answer[0][0], Is.EqualTo("200"));
        Assert.That(answer[0][1], Does.Contain("www").Or.Contain(Convert.ToHexString("www"u8).ToLowerInvariant()));

        string[][] all = await TsharkAsync("frame", "tcp.stream", "tcp.checksum.status", "frame.time_epoch");
        Assert.That(all.Select(packet => packet[0]), Is.All.EqualTo("0"), "one stream");
        Assert.That(all.Select(packet => packet[1]), Is.All.EqualTo("1"), "1 is good");
        Assert.That(
            double.Parse(all[0][2], CultureInfo.InvariantCulture),
            Is.EqualTo(DateTimeOffset.UtcNow.ToUnixTimeSeconds()).Within(600));
        Assert.That(await TsharkAsync("_ws.malformed || tcp.analysis.flags || _ws.expert.severity >= 6291456", "frame"), Is.Empty);
        Assert.That(await TsharkAsync("tcp.flags.fin == 1", "frame.number"), Has.Length.EqualTo(2));
        Assert.That(await TsharkAsync("tcp.flags.reset == 1", "frame.number"), Is.Empty);

        Assert.That(await TsharkAsync("frame.number == 1 && frame.comment contains \"service=www\"", "frame.number"), Is.Not.Empty);
        Assert.That(await TsharkAsync("frame.number > 1 && frame.comment", "frame.number"), Is.Empty);
        string capture = Encoding.UTF8.GetString(await File.ReadAllBytesAsync(Capture));
        Assert.That(capture, Does.Contain(Harmless).And.Not.Contain("\u001b]0"));
        Assert.That(capture, Does.Contain($"(pushed)\nclient: pid ").And.Contain($"target: pid {Environment.ProcessId} uid 0 ("));
    }

    [Test]
    public async Task HundredMegabytes_ThroughATap_ArriveUnchangedAndAreAllInTheCapture()
    {
        const int bytes = 100_000_000;
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["service=www"]));
        FlowerProcess tap = await TapAsync("-w", Capture, "-c", "1", "+flower.connection_id");
        (Connection atClient, Connection atServer) = await JoinAsync(handle, listener, "service=www");
        using Connection client = atClient;
        using Connection server = atServer;

        Task<string> sent = Task.Run(() => Fill(client.Socket, bytes));
        string received = await Task.Run(() => Drain(server.Socket)).WaitAsync(TimeSpan.FromSeconds(120));

        Assert.That(received, Is.EqualTo(await sent.Within()));
        server.Dispose();
        Assert.That(await tap.ExitAsync(), Is.Zero, tap.Error.ToString());
        string[][] packets = await TsharkAsync("tcp", "tcp.len", "tcp.checksum.status", "tcp.dstport");
        Assert.That(packets.Sum(packet => long.Parse(packet[0], CultureInfo.InvariantCulture)), Is.EqualTo(bytes));
        Assert.That(packets.Select(packet => packet[1]), Is.All.EqualTo("1"));
        Assert.That(packets[0][2], Is.EqualTo("49151"), "no label says another");
        Assert.That(await TsharkAsync("_ws.malformed || tcp.analysis.flags", "frame"), Is.Empty);
    }

    [Test]
    public async Task SnapLength_Short_CutsPacketsAndKeepsTheirLengths()
    {
        await using LabelServer server = await ServeAsync();
        (_, IPEndPoint address) = await StartAsync();
        FlowerProcess tap = await TapAsync("-w", Capture, "-c", "1", "--snaplen", "68");

        AssertServedBy("www", await AskAsync(address));

        Assert.That(await tap.ExitAsync(), Is.Zero);
        string[][] longest = await TsharkAsync("frame.cap_len < frame.len", "frame.cap_len", "frame.len");
        Assert.That(longest[0], Is.EqualTo(new[] { "68", (60 + Get.Length).ToString(CultureInfo.InvariantCulture) }));
    }

    [Test]
    public async Task Standard_Output_IsACaptureToo()
    {
        await using LabelServer server = await ServeAsync();
        (_, IPEndPoint address) = await StartAsync();
        FlowerProcess shell = Board.Program(
            "/bin/sh", "-c", $"'{Programs.Flower}' tap -w - -c 1 service=www | "
                + $"'{Programs.Require("tshark")}' -r - -Y http.request -T fields -e http.host");
        await shell.ReadyAsync();

        AssertServedBy("www", await AskAsync(address));

        Assert.That(await shell.ExitAsync(), Is.Zero);
        Assert.That(shell.Out.Lines, Is.EqualTo(new[] { "a.example" }));
    }

    [TestCase("-A")]
    [TestCase("-X")]
    [TestCase(null)]
    public async Task Text_OfWhateverIsSaid_IsSafeForATerminal(string? option)
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.Create(("service", "www"), ("evil", Hostile)));
        FlowerProcess tap = await TapAsync(option is null ? ["-c", "1"] : [option, "-c", "1"]);
        (Connection atClient, Connection atServer) = await JoinAsync(handle, listener, "service=www");
        atClient.Socket.Send("GET /\r\n\u001b[31m\u009b"u8);
        atClient.Socket.Shutdown(SocketShutdown.Send);
        Drain(atServer.Socket);
        atServer.Dispose();
        Drain(atClient.Socket);
        atClient.Dispose();

        Assert.That(await tap.ExitAsync(), Is.Zero, tap.Error.ToString());
        string text = string.Join('\n', tap.Out.Lines);
        Assert.That(text.Any(c => char.IsControl(c) && c != '\n'), Is.False, text);
        Assert.That(tap.Out.Lines[0], Does.Match(@"^\d\d:\d\d:\d\d\.\d{6}  \d+ open  pair pid \d+ .*service=www -> .*").And.Contains(Harmless));
        Assert.That(tap.Out.Lines[^1], Does.Contain("close  14 bytes to the target, 0 to the client"));
        Assert.That(text.Contains("GET /\n.[31m.."), Is.EqualTo(option == "-A"), text);
        Assert.That(text.Contains("  000000  4745 5420 2f0d 0a1b 5b33 316d c29b       GET /...[31m.."), Is.EqualTo(option == "-X"), text);
        Assert.That(tap.Out.Lines.Count == 2, Is.EqualTo(option is null), text);
    }

    private static string Fill(Socket socket, int count)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(7);
        byte[] buffer = new byte[100_000];
        for (int left = count; left > 0; left -= buffer.Length)
        {
            random.NextBytes(buffer);
            hash.AppendData(buffer);
            for (Span<byte> rest = buffer; !rest.IsEmpty; rest = rest[socket.Send(rest)..])
            {
            }
        }

        socket.Shutdown(SocketShutdown.Send);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static string Drain(Socket socket)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[256 * 1024];
        while (socket.Receive(buffer) is int count and > 0)
        {
            hash.AppendData(buffer, 0, count);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
