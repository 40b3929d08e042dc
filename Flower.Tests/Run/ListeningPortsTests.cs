// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Run.Agent;
using NUnit.Framework;

namespace Flower.Tests.Run;

/// <summary>Who listens, as /proc/net/tcp has it on a little-endian processor.</summary>
internal sealed class ListeningPortsTests
{
    private static readonly string[] Lines4 =
    [
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 41 1 0 100 0 0 10 0",
        "   1: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 42 1 0 100 0 0 10 0",
        "   2: 0500000A:0051 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 43 1 0 100 0 0 10 0",
        "   3: 0100007F:0052 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 44 1 0 20 4 30 10 -1",
        "   4: 0100007F:0053 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 45 1 0 100 0 0 10 0",
    ];

    private static readonly string[] Agents =
    [
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
        "   0: 010012C6:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 41 1 0 100 0 0 10 0",
    ];

    private static readonly string[] Lines6 =
    [
        "  sl  local_address                         remote_address                        st tx_queue",
        "   0: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000",
        "   1: 6F6C66FD007265770000000000000002:0051 00000000000000000000000000000000:0000 0A 00000000:00000000",
    ];

    [TestCase(8080, "127.0.0.1:8080")]
    [TestCase(80, "127.0.0.1:80")]
    [TestCase(81, "10.0.0.5:81")]
    public void Find_Listening_IsReached(int port, string endPoint) =>
        Assert.That(ListeningPorts.Find(Lines4, (ushort)port, hasIPv6: true), Is.EqualTo(IPEndPoint.Parse(endPoint)));

    [TestCase(82, Description = "connected, not listening")]
    [TestCase(83, Description = "behind the first that does not listen, where the kernel has no listeners")]
    [TestCase(8081)]
    public void Find_NobodyListens_IsNothing(int port) =>
        Assert.That(ListeningPorts.Find(Lines4, (ushort)port, hasIPv6: true), Is.Null);

    [TestCase(80, "[::1]:80", Description = "all addresses: its loopback")]
    [TestCase(81, "[fd66:6c6f:7765:7200:0:0:200:0]:81")]
    public void Find_ListeningOnIPv6_IsReached(int port, string endPoint) =>
        Assert.That(ListeningPorts.Find(Lines6, (ushort)port, hasIPv6: true), Is.EqualTo(IPEndPoint.Parse(endPoint)));

    [Test]
    public void Find_AllAddressesOfIPv6ButThereIsNone_IsReachedByIPv4() =>
        Assert.That(ListeningPorts.Find(Lines6, 80, hasIPv6: false), Is.EqualTo(IPEndPoint.Parse("127.0.0.1:80")));

    [TestCase(53)]
    public void Find_OnlyTheAgentListens_IsNothing(int port) =>
        Assert.That(ListeningPorts.Find(Agents, (ushort)port, hasIPv6: true), Is.Null);

    [Test]
    public void Find_ThisProcessListens_IsFound()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var local = (IPEndPoint)listener.LocalEndpoint;

        Assert.That(ListeningPorts.Find((ushort)local.Port, hasIPv6: true), Is.EqualTo(local));

        listener.Stop();
        Assert.That(ListeningPorts.Find((ushort)local.Port, hasIPv6: true), Is.Null);
    }
}
