// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flower.Client;
using Flower.Protocol;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary><c>--publish</c>: servers in a box that know nothing of Flower, on the board.</summary>
[Category("EndToEnd")]
public sealed class PublishTests
{
    private const string Published = "8080=service=www";

    private SwitchboardFixture _board = null!;

    [SetUp]
    public async Task StartBoard() => _board = await NetworkBoxes.StartBoardAsync();

    [TearDown]
    public async Task StopBoard()
    {
        try
        {
            await _board.StopAsync();
        }
        finally
        {
            await _board.DisposeAsync();
        }
    }

    [TestCase(NetworkBoxes.Root)]
    [TestCase(NetworkBoxes.Ordinary)]
    public async Task Publish_NginxUnderLoad_AnswersAll(string user)
    {
        NetworkBoxes.Require(user);
        var nginx = new BoxedNginx(_board, "8080");
        FlowerProcess box = NetworkBoxes.StartAs(
            user, _board, [], [.. nginx.Shown, "--publish", Published], nginx.Command);
        IPEndPoint address = await IngressAsync();
        await ListedAsync(1);

        FlowerProcess wrk = _board.Program(
            Programs.Require("wrk"), "-t", "1", "-c", "16", "-d", "2s", "-s", NetworkBoxes.Script("same_body.lua"),
            $"http://{address}/", "--", BoxedNginx.Page);

        Assert.That(await wrk.ExitAsync(), Is.Zero, wrk.Error.ToString());
        string sum = wrk.Out.Lines.Single(line => line.StartsWith("answers ", StringComparison.Ordinal));
        Assert.That(sum, Does.EndWith(" other 0 errors 0").And.Not.StartsWith("answers 0 "), wrk.Out.ToString());
        Assert.That(box.HasExited, Is.False, box.Error.ToString());
    }

    [Test]
    public async Task Publish_ConnectionForEachRequest_AllAnsweredAndNoDescriptorLeft()
    {
        var nginx = new BoxedNginx(_board, "8080");
        FlowerProcess box = NetworkBoxes.Start(_board, [.. nginx.Shown, "--publish", Published], nginx.Command);
        IPEndPoint address = await IngressAsync();
        await ListedAsync(1);
        Assert.That(await FetchAsync($"http://{address}/[1-2]", "-H", "Connection: close"), Has.Count.EqualTo(2));
        int before = box.OpenDescriptors.Count;

        IReadOnlyList<string> answers = await FetchAsync($"http://{address}/[1-200]", "-H", "Connection: close");

        Assert.That(answers, Has.Count.EqualTo(200).And.All.EqualTo(BoxedNginx.Page));
        await NetworkBoxes.AssertNothingHeldAsync(box, before);
    }

    [Test]
    public async Task Publish_SendProxy_NginxLogsTheRealClient()
    {
        var nginx = new BoxedNginx(_board, "8080 proxy_protocol");
        FlowerProcess box = NetworkBoxes.Start(
            _board, [.. nginx.Shown, "--publish", Published, "--send-proxy"], nginx.Command);
        IPEndPoint address = await IngressAsync();
        await ListedAsync(1);

        IReadOnlyList<string> said = await FetchAsync(
            $"http://{address}/told", "-w", "%{local_ip} %{local_port}\n");

        Assert.That(said[0], Is.EqualTo(BoxedNginx.Page));
        Assert.That(await nginx.AwaitLogAsync($"{said[1]} /told 200"), Is.True, box.Error.ToString());
    }

    [Test]
    public async Task Publish_Listening_IsWhenItIsOnTheBoard()
    {
        FlowerProcess box = NetworkBoxes.Start(
            _board, ["--publish", Published, "--publish", "8081=service=other zone=b"], Programs.Require("python3"),
            NetworkBoxes.Script("echo_server.py"));
        await using Client.Handle handle = await _board.OpenAsync();
        await TellAsync(box, "listen 8082");
        Assert.That(await NetworkBoxes.ListAsync(handle, LabelSet.Empty), Is.Empty, "this port is not published");

        await TellAsync(box, "listen 8080");
        await ListedAsync(1);
        TargetInfo first = (await NetworkBoxes.ListAsync(handle, LabelSet.Empty)).Single();
        Assert.That(first.Labels["service"], Is.EqualTo("www"));
        await TellAsync(box, "listen 8081");
        await ListedAsync(2);
        using Connection connection = await handle.ConnectAsync(
            LabelSet.Create(("service", "other"), ("zone", "b"))).Within();
        Assert.That(await EchoAsync(connection.Socket, "a tulip"), Is.EqualTo("a tulip"));

        await TellAsync(box, "close 8081");
        await ListedAsync(1);
        Assert.That(
            await EchoAsync(connection.Socket, "a rose"), Is.EqualTo("a rose"), "what is connected stays connected");
        await TellAsync(box, "listen 8081");
        await ListedAsync(2);

        box.CloseInput();
        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        await ListedAsync(0);
    }

    [TestCase("::1")]
    [TestCase("127.0.0.5")]
    public async Task Publish_ServerOnOneAddress_IsFoundThere(string address)
    {
        FlowerProcess box = NetworkBoxes.Start(
            _board, ["--publish", Published], "python3", NetworkBoxes.Script("echo_server.py"));
        await TellAsync(box, "listen 8080 " + address);

        FlowerProcess cat = _board.Flower("cat", "--wait", "20s", "service=www");
        await cat.WriteLineAsync("a tulip");
        await cat.Out.AwaitLineAsync("a tulip");
        cat.CloseInput();
        Assert.That(await cat.ExitAsync(), Is.Zero, cat.Error.ToString());
    }

    [Test]
    public async Task Publish_NodeServer_EachSideMayEndFirst()
    {
        _ = Programs.Require("node");
        FlowerProcess box = NetworkBoxes.Start(
            _board, ["--publish", Published], "node", NetworkBoxes.Script("node_server.js"), "8080");
        await box.Out.AwaitLineAsync("listening");
        await ListedAsync(1);

        FlowerProcess cat = _board.Flower("cat", "service=www");
        await cat.WriteLineAsync("a tulip");
        await cat.Out.AwaitLineAsync("A TULIP");
        cat.CloseInput();
        Assert.That(await cat.ExitAsync(), Is.Zero, cat.Error.ToString());

        FlowerProcess other = _board.Flower("cat", "service=www");
        await other.WriteLineAsync("a rose");
        await other.Out.AwaitLineAsync("A ROSE");
        box.Signal(Mono.Unix.Native.Signum.SIGTERM);
        Assert.That(await box.ExitAsync(), Is.EqualTo(143), box.Error.ToString());
        Assert.That(await other.ExitAsync(), Is.Not.EqualTo(137), "its peer has gone, and it notices");
    }

    [Test]
    public async Task Publish_LabelsThatTheHandleContradicts_SaysSo()
    {
        FlowerProcess box = NetworkBoxes.Start(
            _board, ["--in", "service=db", "--publish", Published], "python3", NetworkBoxes.Script("echo_server.py"));
        await box.WriteLineAsync("listen 8080");

        await box.Error.AwaitLineAsync("flower run: ", "service");

        await using Client.Handle handle = await _board.OpenAsync();
        Assert.That(await NetworkBoxes.ListAsync(handle, LabelSet.Empty), Is.Empty);
    }

    private static async Task TellAsync(FlowerProcess server, string command)
    {
        int said = server.Out.Lines.Count;
        await server.WriteLineAsync(command);
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(server.Out.Lines.Count > said || server.HasExited)),
            Is.True);
        Assert.That(server.Out.Lines[^1], Is.EqualTo(command), server.Error.ToString());
    }

    private static async Task<string> EchoAsync(Socket socket, string words)
    {
        await socket.SendAsync(Encoding.ASCII.GetBytes(words)).Within();
        byte[] buffer = new byte[words.Length];
        int filled = 0;
        while (filled < buffer.Length
            && await socket.ReceiveAsync(buffer.AsMemory(filled)).Within() is int count and > 0)
        {
            filled += count;
        }

        return Encoding.ASCII.GetString(buffer, 0, filled);
    }

    private Task ListedAsync(int count) => NetworkBoxes.ListedAsync(_board, count);

    private async Task<IPEndPoint> IngressAsync()
    {
        FlowerProcess ingress = await _board.FlowerReadyAsync("ingress", "accept", "127.0.0.1:0", "service=www");
        string line = await ingress.Error.AwaitLineAsync("listening on ");
        return IPEndPoint.Parse(line[(line.LastIndexOf(' ') + 1)..]);
    }

    private async Task<IReadOnlyList<string>> FetchAsync(string url, params string[] more)
    {
        FlowerProcess curl = _board.Program(
            Programs.Require("curl"), ["-sS", "--noproxy", "*", "--max-time", "20", .. more, url]);
        Assert.That(await curl.ExitAsync(), Is.Zero, curl.Error.ToString());
        return curl.Out.Lines;
    }
}
