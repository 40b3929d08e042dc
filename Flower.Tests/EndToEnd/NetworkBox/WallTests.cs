// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>What a command in a box tries in vain.</summary>
[TestFixture(NetworkBoxes.Root)]
[TestFixture(NetworkBoxes.Ordinary)]
public sealed class WallTests(string user) : SharedBoardTest
{
    // What the probe can do where it has all capabilities over its network: so it is not the probe that fails.
    private static readonly string[] Feasible =
        ["raw", "packet", "mark", "transparent", "address", "rule", "nft-flush", "nflog", "setns-inherited", "capset"];

    // Nobody is there, and that is said at once.
    private static readonly string[] Unreachable =
        ["udp", "udp6", "multicast", "multicast6", "udp-neighbour", "tcp", "tcp6", "mapped", "unspecified", "priority", "device"];

    // Where it is opened, it is the network that is there: for the box, as its standard input, that outside.
    private const string Namespace = "/proc/self/ns/net";

    private OutsideServers? _outside;

    [OneTimeSetUp]
    public async Task StartOutside()
    {
        NetworkBoxes.Require(user);
        _outside = await OutsideServers.StartWebAsync(Board);
    }

    [OneTimeTearDown]
    public async Task StopOutside() => await (_outside?.DisposeAsync() ?? ValueTask.CompletedTask);

    [Test]
    public async Task Wall_EveryOtherWayOut_IsClosedAndTheBoxGoesOn()
    {
        string name = $"flower-test-{Guid.NewGuid():N}";
        using var named = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        named.Bind(new UnixDomainSocketEndPoint('\0' + name));
        named.Listen();
        using var neighbour = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        neighbour.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        FlowerProcess outside = Board.Program("sleep", "100");
        string probe = string.Join(
            ' ', "python3", Probe, name,
            ((IPEndPoint)neighbour.LocalEndPoint!).Port, _outside!.DeniedPort, outside.Id, Board.Handle, Board.Admin);
        FlowerProcess free = Board.Program(
            Programs.Require("unshare"), "--user", "--map-root-user", "--net", "--", "sh", "-c",
            $"exec {probe} <{Namespace}");

        FlowerProcess box = NetworkBoxes.StartAs(
            user, Board, _outside.Variables, [], ["sh", "-c", $"{probe}; curl -sS http://web.example:$WEB/"],
            Namespace);

        _ = await free.ExitAsync();
        Assert.That(
            Open(free).Intersect(Feasible), Is.EquivalentTo(Feasible), () => $"{free.Out}\n{free.Error}");
        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(Open(box), Is.Empty);
        Assert.That(box.Out.Lines.Where(line => line.EndsWith(" SILENCE", StringComparison.Ordinal)), Is.Empty);
        Assert.That(box.Out.Lines[0], Is.EqualTo("descriptors 0,1,2"));
        Assert.That(box.Out.Lines[1], Is.EqualTo("status CapEff=0 CapPrm=0 CapBnd=0 CapAmb=0 NoNewPrivs=1"));
        Assert.That(
            Unreachable.Where(name => !box.Out.Lines.Contains(name + " ECONNREFUSED")
                && !box.Out.Lines.Contains(name + " EHOSTUNREACH")),
            Is.Empty, box.Out.ToString());
        Assert.That(box.Out.Lines[^1], Is.EqualTo("this is nginx"), "the box works as before");
        Assert.That(neighbour.Available, Is.Zero, "no packet left the box");
        Assert.That(outside.HasExited, Is.False);
    }

    [Test]
    public async Task Wall_AllThatIsSeenKilled_TheCommandGoesOn()
    {
        FlowerProcess box = NetworkBoxes.StartAs(
            user, Board, [], [], ["python3", Probe, "kill", $"http://web.example:{_outside!.Web.PlainPort}/"]);

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { "child -9", "this is nginx" }));
    }

    [Test]
    public async Task Wall_Network_IsLoopbackAlone()
    {
        string ip = Programs.Require("ip", "/usr/sbin", "/sbin");
        FlowerProcess box = NetworkBoxes.StartAs(
            user, Board, [], [],
            ["sh", "-c", $"{ip} -o link; {ip} -o -4 route show table all; {ip} -o -6 route show table all"]);

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines[0], Does.Contain(" lo: "));
        Assert.That(box.Out.Lines.Skip(1), Is.Not.Empty);
        Assert.That(
            box.Out.Lines.Skip(1).Where(line => !line.StartsWith("unreachable ", StringComparison.Ordinal)),
            Has.All.Contain(" dev lo "));
        Assert.That(box.Out.Lines, Has.None.Contain(" via "));
    }

    [Test]
    public async Task Wall_Handle_IsGivenOnlyWhenAskedFor()
    {
        string list = $"\"{Programs.Flower}\" ls; echo exit $?";
        FlowerProcess without = NetworkBoxes.StartAs(user, Board, [], [], ["sh", "-c", list]);
        FlowerProcess with = NetworkBoxes.StartAs(
            user, Board, [], ["--handle", "--right", "list"], ["sh", "-c", list]);

        Assert.That(await without.ExitAsync(), Is.Zero, without.Error.ToString());
        Assert.That(without.Out.Lines, Is.EqualTo(new[] { "exit 69" }), without.Error.ToString());
        Assert.That(await with.ExitAsync(), Is.Zero, with.Error.ToString());
        Assert.That(with.Out.Lines[^1], Is.EqualTo("exit 0"), with.Error.ToString());
        Assert.That(with.Out.Lines, Has.Count.GreaterThan(1));
    }

    private static string Probe => NetworkBoxes.Script("network_probe.py");

    private static IEnumerable<string> Open(FlowerProcess probe) => probe.Out.Lines
        .Where(line => line.EndsWith(" open", StringComparison.Ordinal)).Select(line => line[..^" open".Length]);
}
