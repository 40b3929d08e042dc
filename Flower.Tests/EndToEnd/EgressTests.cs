// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Flower.Client;
using Flower.Protocol;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower egress connect</c>, to loopback.</summary>
public sealed class EgressTests : EndToEndTest
{
    [Test]
    public async Task Egress_TcpDestination_Connects()
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        server.Listen();
        Task echoing = EchoOneAsync(server);
        await Board.FlowerReadyAsync("egress", "connect", "--allow", "127.0.0.0/8", "zone=outside");
        await using Client.Handle handle = await Board.OpenAsync();

        using Connection connection = await handle.ConnectAsync(Inet(PortOf(server))).Within();

        Assert.That(connection.Socket.AddressFamily, Is.EqualTo(AddressFamily.InterNetwork));
        Assert.That(connection.Socket.RemoteEndPoint, Is.EqualTo(server.LocalEndPoint));
        Assert.That(connection.Labels["zone"], Is.EqualTo("outside"));
        Assert.That(await SayAsync(connection.Socket, "to the outside"), Is.EqualTo("to the outside"));
        await echoing.Within();
    }

    [Test]
    public async Task Egress_UnixDestination_Connects()
    {
        string path = Path.Combine(Board.Folder, "echo");
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        server.Bind(new UnixDomainSocketEndPoint(path));
        server.Listen();
        Task echoing = EchoOneAsync(server);
        await Board.FlowerReadyAsync("egress", "connect", "--allow", $"unix:{Board.Folder}/*", "zone=outside");
        await using Client.Handle handle = await Board.OpenAsync();

        using Connection connection = await handle.ConnectAsync(LabelSet.Create(
            ("zone", "outside"), ("address_family", "unix"), ("server_path", path))).Within();

        Assert.That(await SayAsync(connection.Socket, "to a path"), Is.EqualTo("to a path"));
        await echoing.Within();
    }

    [Test]
    public async Task Egress_ConnectionRefused_TellsTheClientAndGoesOn()
    {
        // Bound, and not listening: nobody else can take the port meanwhile.
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--allow", "127.0.0.0/8", "zone=outside");
        await using Client.Handle handle = await Board.OpenAsync();
        for (int i = 0; i < 2; i++)
        {
            FlowerException? refused = await Assert.ThrowsAsync<FlowerException>(
                () => handle.ConnectAsync(Inet(PortOf(closed))).Within());

            Assert.That(refused!.StatusCode, Is.EqualTo(StatusCode.Unavailable));
            Assert.That(refused.Message, Does.Contain($"connection refused by 127.0.0.1:{PortOf(closed)}"));
        }

        await egress.Error.AwaitLineAsync("flower egress: ", "connection refused");
        Assert.That(egress.HasExited, Is.False);
    }

    [Test]
    public async Task Egress_NameInsteadOfAddress_IsRefusedWithTheRemedy()
    {
        await Board.FlowerReadyAsync("egress", "connect", "--allow", "127.0.0.0/8", "zone=outside");

        FlowerProcess client = Board.Flower(
            "cat", "zone=outside", "address_family=inet", "server_address=localhost", "server_port=1");

        Assert.That(await client.ExitAsync(), Is.EqualTo(69));
        Assert.That(client.Error.Lines.Single(), Does.Contain("server_address must be an IPv4 address"));
    }

    [Test]
    public async Task Egress_NoRule_LoopbackIsDeniedNamingTheRange()
    {
        FlowerProcess egress = await Board.FlowerReadyAsync("egress", "connect", "zone=outside");
        FlowerProcess client = Board.Flower(
            "cat", "zone=outside", "address_family=inet6", "server_address=::ffff:127.0.0.1", "server_port=1");

        Assert.That(await client.ExitAsync(), Is.EqualTo(69));
        const string Words =
            "permission denied: [::ffff:127.0.0.1]:1, which is 127.0.0.1, is in 127.0.0.0/8 (loopback)";
        Assert.That(client.Error.Lines.Single(), Does.Contain(Words));
        await egress.Error.AwaitLineAsync("flower egress: " + Words);
    }

    [Test]
    public async Task Egress_RulesForOthers_DeniedNamingThem()
    {
        await Board.FlowerReadyAsync(
            "egress", "connect", "--allow", "127.0.0.2:1-2", "--allow", "unix:/run/postgresql/*", "zone=outside");
        await using Client.Handle handle = await Board.OpenAsync();

        FlowerException? port = await Assert.ThrowsAsync<FlowerException>(
            () => handle.ConnectAsync(Inet(3, "127.0.0.2")).Within());
        FlowerException? path = await Assert.ThrowsAsync<FlowerException>(() => handle.ConnectAsync(LabelSet.Create(
            ("zone", "outside"), ("address_family", "unix"), ("server_path", Board.Handle))).Within());

        Assert.That(port!.Message, Does.Contain("permission denied: 127.0.0.2:3 is in 127.0.0.0/8 (loopback)"));
        Assert.That(path!.Message, Does.Contain(
            $"permission denied: unix:{Board.Handle} is not within "
            + "--allow 127.0.0.2:1-2, --allow unix:/run/postgresql/*"));
    }

    [Test]
    public async Task Egress_BlackHole_OthersConnectAndTheClientMayGo()
    {
        using Socket hole = Listen(backlog: 0);
        using var filling = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        filling.Connect(hole.LocalEndPoint!);
        using Socket server = Listen(backlog: 512);
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--allow", "127.0.0.0/8", "--connect-timeout", "1h", "zone=outside");
        await using Client.Handle handle = await Board.OpenAsync();
        (await handle.ConnectAsync(Inet(PortOf(server))).Within()).Dispose();
        int before = egress.OpenDescriptors.Count;
        using var gone = new CancellationTokenSource();
        Task[] lost = [.. Enumerable.Range(0, 100).Select(
            _ => handle.ConnectAsync(Inet(PortOf(hole)), cancellationToken: gone.Token))];
        await UntilKnockingAsync(hole, 100);

        for (int i = 0; i < 100; i++)
        {
            (await handle.ConnectAsync(Inet(PortOf(server))).Within()).Dispose();
        }

        Assert.That(lost.Count(task => task.IsCompleted), Is.Zero, "only who asked for a black hole waits for it");
        await gone.CancelAsync();
        await Task.WhenAll(lost).Within().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(egress.OpenDescriptors.Count <= before)), Is.True,
            "what nobody waits for any more is given up");
    }

    [Test]
    public async Task Egress_ThousandAtOnce_AllConnectedAndNoDescriptorLeft()
    {
        const int Count = 1000;
        using Socket server = Listen(backlog: 4096);
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--allow", "127.0.0.1", "zone=outside");
        await using Client.Handle handle = await Board.OpenAsync();
        (await handle.ConnectAsync(Inet(PortOf(server))).Within()).Dispose();
        server.Accept().Dispose();
        int before = egress.OpenDescriptors.Count;

        Connection[] connections = await Task.WhenAll(
            Enumerable.Range(0, Count).Select(_ => handle.ConnectAsync(Inet(PortOf(server))))).Within();

        HashSet<EndPoint> ours = [.. connections.Select(connection => connection.Socket.LocalEndPoint!)];
        HashSet<EndPoint> seen = [];
        for (int i = 0; i < Count; i++)
        {
            using Socket accepted = server.Accept();
            seen.Add(accepted.RemoteEndPoint!);
        }

        Array.ForEach(connections, connection => connection.Dispose());
        Assert.That(seen, Has.Count.EqualTo(Count).And.EquivalentTo(ours));
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(egress.OpenDescriptors.Count <= before)), Is.True,
            string.Join('\n', egress.OpenDescriptors));
    }

    [Test]
    public async Task Egress_Stopped_FinishesWhatGoesOnAndRefusesTheRest()
    {
        using Socket full = Listen(backlog: 0);
        using var filling = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        filling.Connect(full.LocalEndPoint!);
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--to", $"127.0.0.1:{PortOf(full)}", "--connect-timeout", "20s", "service=www");
        await using Client.Handle handle = await Board.OpenAsync();
        Task<Connection> waiting = handle.ConnectAsync(LabelSet.Create(("service", "www")));
        await UntilKnockingAsync(full, 1);

        egress.Signal(Mono.Unix.Native.Signum.SIGTERM);
        await egress.Error.AwaitLineAsync("stopping; connections that are still being made: 1");
        FlowerException? late = await Assert.ThrowsAsync<FlowerException>(
            () => handle.ConnectAsync(LabelSet.Create(("service", "www"))).Within());

        // The kernel knocks again after a second.
        full.Accept().Dispose();
        using Connection connection = await waiting.Within();

        Assert.That(late!.Message, Does.Contain("the egress is stopping"));
        Assert.That(await egress.ExitAsync(), Is.Zero);
    }

    [Test]
    public async Task Egress_StoppedTwice_EndsAtOnce()
    {
        using Socket hole = Listen(backlog: 0);
        using var filling = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        filling.Connect(hole.LocalEndPoint!);
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--connect-timeout", "1h", "--drain", "1h",
            "--to", $"127.0.0.1:{PortOf(hole)}", "a=1");
        await using Client.Handle handle = await Board.OpenAsync();
        Task<Connection> waiting = handle.ConnectAsync(LabelSet.Create(("a", "1")));
        await UntilKnockingAsync(hole, 1);

        egress.Signal(Mono.Unix.Native.Signum.SIGTERM);
        await egress.Error.AwaitLineAsync("stopping");
        egress.Signal(Mono.Unix.Native.Signum.SIGTERM);

        Assert.That(await egress.ExitAsync(), Is.Zero);
        FlowerException? ended = await Assert.ThrowsAsync<FlowerException>(() => waiting.Within());
        Assert.That(ended!.StatusCode, Is.EqualTo(StatusCode.Unavailable));
    }

    [TestCase("leave out the label address_family", "--to", "127.0.0.1:80", "address_family=inet")]
    [TestCase("leave out the label address_family", "--to", "127.0.0.1:80", "+address_family=inet")]
    [TestCase("leave out the label server_port", "--to", "127.0.0.1:80", "server_port=80")]
    [TestCase("leave out the label client_address", "--to", "127.0.0.1:80", "client_address=::1")]
    [TestCase("leave out the label server_path", "--to", "127.0.0.1:80", "+server_path")]
    [TestCase("with --to, leave it out", "--to", "127.0.0.1:80", "--allow", "10.0.0.0/8", "a=1")]
    [TestCase("no address for --to", "--to", "localhost:80", "a=1")]
    [TestCase("no address for --to", "--to", "127.0.0.1", "a=1")]
    [TestCase("no address for --to", "--to", "::1:80", "a=1")]
    [TestCase("no address for --to", "--to", "127.0.0.1:0", "a=1")]
    [TestCase("no address for --to", "--to", "unix:relative", "a=1")]
    [TestCase("write 10.0.0.0/8 or 10.1.2.3", "--allow", "10.1.2.3/8", "a=1")]
    [TestCase("no rule for --allow", "--allow", "example.org:443", "a=1")]
    [TestCase("needs --send-proxy", "--send-proxy-labels", "none", "a=1")]
    [TestCase("an empty key for --send-proxy-labels", "--send-proxy", "--send-proxy-labels", "a,", "a=1")]
    [TestCase("--connect-timeout more than 0", "--connect-timeout", "0", "a=1")]
    [TestCase("not a duration", "--connect-timeout", "soon", "a=1")]
    [TestCase("--max-connecting", "--max-connecting", "0", "a=1")]
    public async Task Egress_BadCommandLine_OneLineAndUsage(string words, params string[] args)
    {
        FlowerProcess egress = Board.Flower(["egress", "connect", .. args]);

        Assert.That(await egress.ExitAsync(), Is.EqualTo(64));
        Assert.That(egress.Error.Lines.Single(), Does.StartWith("flower egress: ").And.Contains(words));
    }

    // Sockets that have sent a SYN to this one and had no answer (proc_net_tcp(5): state 02).
    private static async Task UntilKnockingAsync(Socket listener, int count)
    {
        string wanted = $":{PortOf(listener):X4} 02 ";
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(File.ReadLines("/proc/net/tcp")
                .Count(line => line.Contains(wanted, StringComparison.Ordinal)) >= count)),
            Is.True, "the egress is connecting");
    }

    private static Socket Listen(int backlog)
    {
        var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        server.Listen(backlog);
        return server;
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static LabelSet Inet(int port, string address = "127.0.0.1") => LabelSet.Create(
        ("zone", "outside"), ("address_family", "inet"), ("server_address", address),
        ("server_port", port.ToString(CultureInfo.InvariantCulture)));

    private static async Task EchoOneAsync(Socket server)
    {
        using Socket peer = await server.AcceptAsync();
        using var stream = new NetworkStream(peer);
        await stream.CopyToAsync(stream);
    }

    private static async Task<string> SayAsync(Socket socket, string words)
    {
        // The stream before the half-close: afterwards .NET takes the socket for disconnected.
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(words)).AsTask().Within();
        socket.Shutdown(SocketShutdown.Send);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync().Within();
    }
}
