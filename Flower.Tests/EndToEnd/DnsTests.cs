// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Names from a real DNS server, by way of <c>flower resolver dns</c> and <c>flower egress connect</c>.</summary>
public sealed class DnsTests : EndToEndTest
{
    [Test]
    public async Task Connect_NameAndServiceInDns_ProgramTalksToTheServer()
    {
        using var server = new TcpServer(IPAddress.Loopback);
        await using DnsmasqFixture dns = await DnsmasqFixture.StartAsync(
            "address=/db.example/127.0.0.1",
            $"srv-host=_postgresql._tcp.db.example,db.example,{server.Port}");
        await StartAsync(dns);

        FlowerProcess client = Board.Flower(
            "connect", "server_hostname=db.example", "server_service=postgresql", "--", "cat");

        // Then the server closes, and the program has nothing left to copy.
        Assert.That(await server.HearAsync(), Does.StartWith("127.0.0.1"));
        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
    }

    [TestCase("four.example", "127.0.0.1")]
    [TestCase("six.example", "::1")]
    [TestCase("alias.example", "127.0.0.1")]
    [TestCase("FOUR.Example.", "127.0.0.1")]
    [TestCase("127.0.0.1", "127.0.0.1")]
    [TestCase("hosts.example", "127.0.0.1")]
    [TestCase("bücher.example", "127.0.0.1")]
    [TestCase("short", "127.0.0.1")]
    public async Task Name_OfAnyKind_IsConnected(string name, string address)
    {
        using var server = new TcpServer(IPAddress.Parse(address));
        await using DnsmasqFixture dns = await DnsmasqFixture.StartAsync(
            "host-record=four.example,127.0.0.1",
            "host-record=six.example,::1",
            "cname=alias.example,middle.example",
            "cname=middle.example,four.example",
            "host-record=xn--bcher-kva.example,127.0.0.1",
            "host-record=short.search.example,127.0.0.1");
        string hosts = Path.Combine(Board.Folder, "hosts");
        await File.WriteAllTextAsync(hosts, "# names\n127.0.0.1 hosts.example other\n");
        await StartAsync(dns, "--hosts", hosts, "--search", "search.example");
        await using Client.Handle handle = await Board.OpenAsync();

        using Connection connection = await handle.ConnectAsync(server.Named(name)).Within();

        Assert.That(connection.Labels["server_address"], Is.EqualTo(address));
        Assert.That(connection.Socket.RemoteEndPoint, Is.EqualTo(server.EndPoint));
    }

    [Test]
    public async Task Name_NotInDns_NotFoundUntilItIs()
    {
        using var server = new TcpServer(IPAddress.Loopback);
        await using DnsmasqFixture dns = await DnsmasqFixture.StartAsync("host-record=other.example,127.0.0.1");
        await StartAsync(dns);
        await using Client.Handle handle = await Board.OpenAsync();
        LabelSet request = server.Named("none.example");

        FlowerException e = (await Assert.ThrowsAsync<FlowerException>(() => handle.ConnectAsync(request).Within()))!;

        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.NotFound));
        Assert.That(e.Message, Does.StartWith("no such name: server_hostname=none.example"));
        await dns.ChangeAsync("host-record=none.example,127.0.0.1");
        bool isThere = await Patience.UntilAsync(async () =>
        {
            try
            {
                (await handle.ConnectAsync(request).Within()).Dispose();
                return true;
            }
            catch (FlowerException again) when (again.StatusCode == StatusCode.NotFound)
            {
                return false;
            }
        });
        Assert.That(isThere, Is.True);
    }

    [Test]
    public async Task Address_ShortTimeToLive_IsAskedForAgain()
    {
        using var before = new TcpServer(IPAddress.Parse("127.0.0.2"));
        using var after = new TcpServer(IPAddress.Parse("127.0.0.3"), before.Port);
        await using DnsmasqFixture dns = await DnsmasqFixture.StartAsync("host-record=db.example,127.0.0.2,1");
        await StartAsync(dns);
        await using Client.Handle handle = await Board.OpenAsync();
        using (Connection first = await handle.ConnectAsync(before.Named("db.example")).Within())
        {
            Assert.That(first.Socket.RemoteEndPoint, Is.EqualTo(before.EndPoint));
        }

        await dns.ChangeAsync("host-record=db.example,127.0.0.3,1");

        bool isOther = await Patience.UntilAsync(async () =>
        {
            using Connection later = await handle.ConnectAsync(before.Named("db.example")).Within();
            return later.Socket.RemoteEndPoint!.Equals(after.EndPoint);
        });
        Assert.That(isOther, Is.True);
    }

    [Test]
    public async Task Address_FirstIsABlackHole_TheOtherIsConnected()
    {
        using var hole = new BlackHole(IPAddress.IPv6Loopback);
        using var server = new TcpServer(IPAddress.Loopback, hole.Port);
        await using DnsmasqFixture dns = await DnsmasqFixture.StartAsync("host-record=db.example,127.0.0.1,::1");
        FlowerProcess egress = await StartAsync(dns);
        await using Client.Handle handle = await Board.OpenAsync();
        IReadOnlyList<string> descriptors = egress.OpenDescriptors;

        using (Connection connection = await handle.ConnectAsync(server.Named("db.example")).Within())
        {
            Assert.That(connection.Socket.RemoteEndPoint, Is.EqualTo(server.EndPoint));
        }

        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(egress.OpenDescriptors.Count <= descriptors.Count)), Is.True,
            "the attempt that did not win is still there");
    }

    [Test]
    public async Task Address_NotAllowed_TheNextIsTried()
    {
        using var forbidden = new TcpServer(IPAddress.IPv6Loopback);
        using var server = new TcpServer(IPAddress.Loopback, forbidden.Port);
        await using DnsmasqFixture dns = await DnsmasqFixture.StartAsync("host-record=db.example,127.0.0.1,::1");
        await Board.FlowerReadyAsync("egress", "connect", "--allow", "127.0.0.0/8");
        await Board.FlowerReadyAsync("resolver", "dns", "--server", dns.Address);
        await using Client.Handle handle = await Board.OpenAsync();

        using Connection connection = await handle.ConnectAsync(server.Named("db.example")).Within();

        Assert.That(connection.Socket.RemoteEndPoint, Is.EqualTo(server.EndPoint));
    }

    [Test]
    public async Task Service_SeveralHosts_PriorityAndWeightDecide()
    {
        using var heavy = new TcpServer(IPAddress.Parse("127.0.0.2"));
        using var light = new TcpServer(IPAddress.Parse("127.0.0.3"), heavy.Port);
        using var last = new TcpServer(IPAddress.Parse("127.0.0.4"), heavy.Port);
        await using DnsmasqFixture dns = await DnsmasqFixture.StartAsync(
            "host-record=heavy.example,127.0.0.2",
            "host-record=light.example,127.0.0.3",
            "host-record=last.example,127.0.0.4",
            $"srv-host=_web._tcp.www.example,last.example,{heavy.Port},2,0",
            $"srv-host=_web._tcp.www.example,heavy.example,{heavy.Port},1,3",
            $"srv-host=_web._tcp.www.example,light.example,{heavy.Port},1,1");
        await StartAsync(dns);
        await using Client.Handle handle = await Board.OpenAsync();
        const int Connects = 200;
        int heavies = 0;
        for (int i = 0; i < Connects; i++)
        {
            using Connection connection = await handle.ConnectAsync(LabelSet.Create(
                ("server_hostname", "www.example"), ("server_service", "web"))).Within();
            Assert.That(connection.Labels["server_address"], Is.Not.EqualTo("127.0.0.4"), "of a higher priority");
            heavies += connection.Labels["server_address"] == "127.0.0.2" ? 1 : 0;
        }

        // Three of four: beyond seven standard deviations nobody draws.
        Assert.That(heavies, Is.InRange(107, 193));
    }

    [Test]
    public async Task Answer_TooLargeForUdp_ComesOverTcp()
    {
        using var server = new TcpServer(IPAddress.Loopback);
        await using DnsmasqFixture dns = await DnsmasqFixture.StartAsync(
            [
                "edns-packet-max=512",
                .. Enumerable.Range(1, 100).Select(i => $"host-record=many.example,192.0.2.{i}"),
                "host-record=many.example,127.0.0.1",
            ]);
        await Board.FlowerReadyAsync("resolver", "dns", "--server", dns.Address);
        await using Client.Handle handle = await Board.OpenAsync();
        await using Client.Egress egress = await handle.StartEgressAsync(LabelSet.Create([], ["address_family"]));
        Task<Connection> connecting = handle.ConnectAsync(server.Named("many.example"));
        var addresses = new HashSet<string>();
        await foreach (EgressRequest request in egress)
        {
            addresses.Add(request.Labels["server_address"]!);
            await request.FailAsync("not there");
            if (addresses.Count == 60)
            {
                break;
            }
        }

        // More than 31 do not fit into 512 bytes. The board tries 64 things at most.
        Assert.That(addresses, Has.Count.EqualTo(60));
        await handle.DisposeAsync();
        await Assert.ThrowsAsync<FlowerException>(() => connecting.Within());
    }

    [Test]
    public async Task Server_DoesNotAnswer_UnavailableAndOthersAreNotHeldUp()
    {
        using var silent = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        silent.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)silent.LocalEndPoint!).Port;
        await Board.FlowerReadyAsync(
            "resolver", "dns", "--server", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"), "--timeout", "200ms");
        await using Client.Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.Create(("service", "here")));
        Task<Connection> asking = handle.ConnectAsync(LabelSet.Create(
            ("server_hostname", "db.example"), ("server_port", "1")));

        Task<Connection> other = handle.ConnectAsync(LabelSet.Create(("service", "here")));
        await foreach (IncomingConnection incoming in listener)
        {
            using Connection accepted = await incoming.AcceptAsync().Within();
            break;
        }

        (await other.Within()).Dispose();
        FlowerException e = (await Assert.ThrowsAsync<FlowerException>(() => asking.Within()))!;
        Assert.That(e.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(e.Message, Does.Contain("no DNS server answers for db.example"));
    }

    [Test]
    public async Task System_NameOfThisMachine_IsConnected()
    {
        using var server = new TcpServer(IPAddress.Loopback);
        await Board.FlowerReadyAsync("egress", "connect", "--allow", "127.0.0.0/8");
        await Board.FlowerReadyAsync("resolver", "dns", "--system", "--hosts", "/dev/null");
        await using Client.Handle handle = await Board.OpenAsync();

        using Connection connection = await handle.ConnectAsync(server.Named("localhost")).Within();

        Assert.That(connection.Socket.RemoteEndPoint, Is.EqualTo(server.EndPoint));
    }

    // An egress that may go anywhere on this machine, and the resolver.
    private async Task<FlowerProcess> StartAsync(DnsmasqFixture dns, params string[] more)
    {
        FlowerProcess egress = await Board.FlowerReadyAsync(
            "egress", "connect", "--allow", "127.0.0.0/8", "--allow", "[::1]");
        await Board.FlowerReadyAsync(["resolver", "dns", "--server", dns.Address, .. more]);
        return egress;
    }
}
