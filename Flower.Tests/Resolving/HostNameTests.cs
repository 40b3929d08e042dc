// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Client;
using Flower.Resolver.Dns;
using NUnit.Framework;

namespace Flower.Tests.Resolving;

/// <summary>What <c>flower resolver dns</c> makes of names, addresses and the files of /etc.</summary>
internal sealed class HostNameTests
{
    [TestCase("db.example", "db.example")]
    [TestCase("DB.Example.", "db.example")]
    [TestCase("_x-1.example", "_x-1.example")]
    [TestCase("bücher.example", "xn--bcher-kva.example")]
    [TestCase("BÜCHER.example", "xn--bcher-kva.example")]
    [TestCase("", null)]
    [TestCase(".", null)]
    [TestCase("a..b", null)]
    [TestCase("a b", null)]
    [TestCase("a/b", null)]
    [TestCase("a\0b", null)]
    public void Normalize_Name_IsAsciiOrNone(string name, string? expected) =>
        Assert.That(HostName.Normalize(name), Is.EqualTo(expected));

    [Test]
    public void Normalize_TooLong_None()
    {
        Assert.That(HostName.Normalize(new string('a', 63)), Is.Not.Null);
        Assert.That(HostName.Normalize(new string('a', 64)), Is.Null);
        Assert.That(HostName.Normalize(string.Join('.', Enumerable.Repeat(new string('a', 63), 4))), Is.Null);
    }

    [TestCase("db", "db.one.example db.two.example db")]
    [TestCase("db.sub", "db.sub db.sub.one.example db.sub.two.example")]
    [TestCase("db.", "db")]
    public void Candidates_SearchDomains_AsTheDotsSay(string given, string expected) => Assert.That(
        HostName.Candidates(given, HostName.Normalize(given)!, ["one.example", "two.example"]),
        Is.EqualTo(expected.Split(' ')));

    [TestCase("192.0.2.1", "192.0.2.1")]
    [TestCase("::1", "::1")]
    [TestCase("127.1", null)]
    [TestCase("0x7f000001", null)]
    [TestCase("[::1]", null)]
    [TestCase("fe80::1%eth0", null)]
    [TestCase("db.example", null)]
    public void Parse_Text_AddressOnlyAsAnEgressHasIt(string text, string? expected) =>
        Assert.That(AddressLabels.Parse(text)?.ToString(), Is.EqualTo(expected));

    [Test]
    public void Interleave_BothFamilies_ByTurnsAndSixFirst()
    {
        IPAddress[] given = [.. new[] { "192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3", "2001:db8::1", "2001:db8::2" }
            .Select(IPAddress.Parse)];

        Assert.That(
            AddressLabels.Interleave(given).Select(a => a.ToString()),
            Is.EqualTo(new[] { "2001:db8::1", "192.0.2.1", "2001:db8::2", "192.0.2.2", "192.0.2.3" }));
    }

    [Test]
    public void HostsFile_Text_NamesWithoutCase()
    {
        HostsFile file = HostsFile.Read("# comment\n127.0.0.1\tlocalhost  Here # there\n::1 localhost\nnonsense line\n");

        Assert.That(file.Find("LOCALHOST").Select(a => a.ToString()), Is.EqualTo(new[] { "127.0.0.1", "::1" }));
        Assert.That(file.Find("here"), Has.Count.EqualTo(1));
        Assert.That(file.Find("there"), Is.Empty);
        Assert.That(file.Find("line"), Is.Empty);
    }

    [Test]
    public void ServicesFile_Text_TcpPortsAndAliases()
    {
        ServicesFile file = ServicesFile.Read("http 80/tcp www # web\nhttp 81/udp\nsyslog 514/udp\nhttp 82/tcp\n");

        Assert.That(file.Find("www"), Is.EqualTo(80));
        Assert.That(file.Find("http"), Is.EqualTo(80));
        Assert.That(file.Find("syslog"), Is.Null);
    }

    [Test]
    public void ResolvConf_Text_ServersInOrderOrThisMachine()
    {
        Assert.That(
            ResolvConf.Read("search x\nnameserver 192.0.2.53\nnameserver ::1\n").Select(s => s.ToString()),
            Is.EqualTo(new[] { "192.0.2.53:53", "[::1]:53" }));
        Assert.That(ResolvConf.Read("").Select(s => s.ToString()), Is.EqualTo(new[] { "127.0.0.1:53" }));
    }

    [Test]
    public void Of_Address_LabelsOfAnEgress()
    {
        ResolvedTarget target = AddressLabels.Of(IPAddress.IPv6Loopback, 5432);

        Assert.That(target.Labels.ToString(), Is.EqualTo("address_family=inet6 server_address=::1 server_port=5432"));
    }
}
