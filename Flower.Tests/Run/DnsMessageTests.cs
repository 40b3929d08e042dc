// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Run.Names;
using NUnit.Framework;
using static Flower.Tests.Run.DnsQuery;

namespace Flower.Tests.Run;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class DnsMessageTests
{
    // QR, RD as asked, RA; neither AA nor AD.
    private const int Good = 0x8180;
    private const int Longest = 253;

    private readonly ManualTime _time = new();
    private readonly SyntheticNames _names;

    public DnsMessageTests()
    {
        _names = new(_time, hasIPv6: true);
    }

    [Test]
    public void Answer_HostsName_SyntheticAddressesOfOneNumber()
    {
        DnsReply four = Answer(Ask("Db.Example"));
        DnsReply six = Answer(Ask("db.example", Aaaa));

        Assert.That((four.Flags, four.Type, four.TimeToLive), Is.EqualTo((Good, A, 5)));
        Assert.That((six.Flags, six.Type, six.TimeToLive), Is.EqualTo((Good, Aaaa, 5)));
        SyntheticName? name = _names.Find(new(four.Data));
        Assert.That(name?.Name, Is.EqualTo("db.example"));
        Assert.That(new IPAddress(six.Data), Is.EqualTo(SyntheticAddresses.Of6(name!.Value.Number)));
        Assert.That(four.Question, Is.EqualTo(Question("Db.Example", A)), "letter by letter");
    }

    [Test]
    public void Answer_LongestName_HasAnAddress()
    {
        string name = string.Join('.', new string('a', 63), new string('b', 63), new string('c', 63), new string('d', 61));
        Assert.That(name, Has.Length.EqualTo(Longest));

        DnsReply reply = Answer(AskWith(name, Aaaa, Opt()));

        Assert.That(_names.Find(new(reply.Data))?.Name, Is.EqualTo(name));
        Assert.That(Answer(Ask(name + "d")).Flags, Is.EqualTo(Good | 1), "256 bytes are too many for a name");
    }

    [TestCase(A, "127.0.0.1")]
    [TestCase(Aaaa, "::1")]
    public void Answer_Localhost_IsLoopback(int type, string expected)
    {
        Assert.That(new IPAddress(Answer(Ask("LOCALHOST", type)).Data), Is.EqualTo(IPAddress.Parse(expected)));
        Assert.That(new IPAddress(Answer(Ask("a.b.localhost", type)).Data), Is.EqualTo(IPAddress.Parse(expected)));
        Assert.That(new IPAddress(Answer(Ask("notlocalhost", type)).Data), Is.Not.EqualTo(IPAddress.Parse(expected)));
    }

    [TestCase("db.example")]
    [TestCase("localhost")]
    public void Answer_AaaaWithoutIPv6_IsNoData(string name)
    {
        var names = new SyntheticNames(_time, hasIPv6: false);

        DnsReply reply = DnsReply.To(Ask(name, Aaaa), names)!;

        Assert.That((reply.Flags, reply.Type), Is.EqualTo((Good, 0)));
        Assert.That(names.Count, Is.Zero);
    }

    [TestCase(Mx)]
    [TestCase(Soa)]
    [TestCase(Ptr)]
    [TestCase(Any)]
    [TestCase(65)]
    [TestCase(0)]
    public void Answer_OtherType_IsNoDataAndTakesNoNumber(int type)
    {
        foreach (string name in (string[])["db.example", "_sip._tcp.example", "localhost", ""])
        {
            DnsReply reply = Answer(Ask(name, type));
            Assert.That((reply.Flags, reply.Type), Is.EqualTo((Good, 0)), name);
            Assert.That(reply.Question, Is.EqualTo(Question(name, type)), name);
        }

        Assert.That(_names.Count, Is.Zero);
    }

    [TestCase("invalid")]
    [TestCase("a.Invalid")]
    [TestCase("a b.example")]
    [TestCase("a\0b.example")]
    [TestCase("b\u00fccher.example")]
    [TestCase("*.example")]
    [TestCase("10.0.0.1")]
    [TestCase("db.7")]
    public void Answer_NoNameOfAHost_DoesNotExist(string name)
    {
        foreach (int type in (int[])[A, Aaaa, Mx])
        {
            DnsReply reply = Answer(Ask(name, type));
            Assert.That((reply.Flags, reply.Type), Is.EqualTo((Good | 3, 0)));
            Assert.That(reply.Question, Is.EqualTo(Question(name, type)));
        }
    }

    [Test]
    public void Answer_DotWithinALabel_IsNoNameOfAHost()
    {
        byte[] message = Make(RecursionDesired, [1, 0, 0, 0], [4, (byte)'a', (byte)'.', (byte)'b', (byte)'c', 0, 0, 1, 0, 1]);

        Assert.That(Answer(message).Code, Is.EqualTo(3));
    }

    [TestCase("xn--bcher-kva.example")]
    [TestCase("_dmarc.a-b.example")]
    [TestCase("db")]
    [TestCase("a.local")]
    [TestCase("7.example")]
    public void Answer_NameOfAHost_HasAnAddress(string name) =>
        Assert.That(_names.Find(new(Answer(Ask(name)).Data))?.Name, Is.EqualTo(name));

    [Test]
    public void Answer_AddressOfAName_IsTheName()
    {
        IPAddress four = new(Answer(Ask("db.example")).Data);
        IPAddress six = new(Answer(Ask("db.example", Aaaa)).Data);

        foreach (string name in (string[])[Reverse(four), Reverse(six), Reverse(six).ToUpperInvariant()])
        {
            DnsReply reply = Answer(Ask(name, Ptr));
            Assert.That((reply.Flags, reply.Type, reply.TimeToLive), Is.EqualTo((Good, Ptr, 5)), name);
            Assert.That(reply.Data, Is.EqualTo(Name("db.example")), name);
            Assert.That(Answer(Ask(name)), Has.Property("Flags").EqualTo(Good).And.Property("Type").Zero, "NODATA");
        }
    }

    [TestCase("1.0.0.127.in-addr.arpa")]
    [TestCase("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa")]
    public void Answer_AddressOfLoopback_IsLocalhost(string name) =>
        Assert.That(Answer(Ask(name, Ptr)).Data, Is.EqualTo(Name("localhost")));

    [TestCase("0.1.18.198.in-addr.arpa")]
    [TestCase("1.0.18.198.in-addr.arpa")]
    [TestCase("1.2.0.192.in-addr.arpa")]
    [TestCase("18.198.in-addr.arpa")]
    [TestCase("0.0.1.18.198.in-addr.arpa")]
    [TestCase("01.0.0.127.in-addr.arpa")]
    [TestCase("257.0.0.127.in-addr.arpa")]
    [TestCase("a.0.0.127.in-addr.arpa")]
    [TestCase("in-addr.arpa")]
    [TestCase("ip6.arpa")]
    [TestCase("1.ip6.arpa")]
    [TestCase("g.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa")]
    [TestCase("11.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.00.ip6.arpa")]
    public void Answer_OtherAddress_DoesNotExist(string name)
    {
        Assert.That(Answer(Ask(name, Ptr)).Flags, Is.EqualTo(Good | 3));
        Assert.That(Answer(Ask(name, A)).Flags, Is.EqualTo(Good | 3), "and is no host");
        Assert.That(_names.Count, Is.Zero);
    }

    [Test]
    public void Answer_AddressAsked_KeepsTheName()
    {
        var names = new SyntheticNames(_time, hasIPv6: true, maxCount: 1, maxNameBytes: 100);
        string reverse = Reverse(new(DnsReply.To(Ask("a"), names)!.Data));
        _time.Advance(SyntheticNames.HoldTime);
        DnsReply.To(Ask(reverse, Ptr), names);

        DnsReply reply = DnsReply.To(Ask("b"), names)!;

        Assert.That((reply.Flags, reply.Type), Is.EqualTo((Good | 2, 0)), "SERVFAIL");
        Assert.That(reply.Question, Is.EqualTo(Question("b", A)));
    }

    private static string Reverse(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        return bytes.Length == 4
            ? string.Join('.', bytes.Reverse()) + ".in-addr.arpa"
            : string.Join('.', Convert.ToHexStringLower(bytes).Reverse()) + ".ip6.arpa";
    }

    private DnsReply Answer(byte[] message) => DnsReply.To(message, _names)!;
}
