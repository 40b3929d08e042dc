// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Ingress.Peek;
using NUnit.Framework;

namespace Flower.Tests.Ingress;

/// <summary>What the head of a request tells.</summary>
internal sealed class HttpPeekTests
{
    private const string Get = "GET / HTTP/1.1\r\n";

    [TestCase(Get + "Host: Example.ORG\r\n\r\n", "example.org")]
    [TestCase(Get + "Host: example.org:8080\r\n\r\n", "example.org")]
    [TestCase(Get + "Host: example.org:\r\n\r\n", "example.org")]
    [TestCase(Get + "Host:\texample.org. \t\r\nAccept: */*\r\n\r\nbody", "example.org")]
    [TestCase(Get + "Accept:\r\nX-Nothing: \r\nhOsT: a\r\n\r\n", "a")]
    [TestCase(Get + "Host: [2001:DB8:0::1]:80\r\n\r\n", "[2001:db8::1]")]
    [TestCase(Get + "Host: 192.0.2.1\r\n\r\n", "192.0.2.1")]
    [TestCase("GET / HTTP/1.0\r\nHost: a\r\n\r\n", "a")]
    [TestCase("GET http://a:80/x?y HTTP/1.1\r\nHost: A\r\n\r\n", "a")]
    [TestCase("GET HTTPS://a HTTP/1.1\r\nHost: a:443\r\n\r\n", "a")]
    [TestCase("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "a")]
    [TestCase("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "a")]
    public void Read_WholeHead_Host(string head, string host)
    {
        PeekResult result = Read(head);
        Assert.That(result.Status, Is.EqualTo(PeekStatus.Done));
        Assert.That(result.Labels.ToString(), Is.EqualTo("http_host=" + host));
    }

    [TestCase("GET / HTTP/1.0\r\n\r\n")]
    [TestCase(Get + "Host:\r\n\r\n")]
    [TestCase("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")]
    [TestCase("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\u0012\u0004")]
    public void Read_NoHostSaid_DoneWithoutLabels(string head)
    {
        PeekResult result = Read(head);
        Assert.That(result.Status, Is.EqualTo(PeekStatus.Done));
        Assert.That(result.Labels.IsEmpty, Is.True);
    }

    [TestCase("")]
    [TestCase("P")]
    [TestCase("PRI * HTTP/2.0\r\n\r\nSM\r\n\r")]
    [TestCase("POST /")]
    [TestCase(Get)]
    [TestCase(Get + "Host: a\r\n")]
    [TestCase(Get + "Host: a\r\n\r")]
    public void Read_NotTheWhole_More(string head) => Assert.That(Read(head).Status, Is.EqualTo(PeekStatus.More));

    [TestCase(Get + "\r\n", TestName = "no Host in 1.1")]
    [TestCase(Get + "Host: a\r\nHost: a\r\n\r\n", TestName = "two Hosts")]
    [TestCase(Get + "Host: a\r\nHost: b\r\n\r\n", TestName = "two different Hosts")]
    [TestCase(Get + "Host: a\r\n b\r\n\r\n", TestName = "obs-fold")]
    [TestCase(Get + " Host: a\r\n\r\n", TestName = "a space before the first field")]
    [TestCase(Get + "Host : a\r\n\r\n", TestName = "a space before the colon")]
    [TestCase(Get + "Host: a\0b\r\n\r\n", TestName = "NUL")]
    [TestCase(Get + "Host: a\u0001\r\n\r\n", TestName = "a control character")]
    [TestCase(Get + "X: \u0007\r\nHost: a\r\n\r\n", TestName = "a control character in another field")]
    [TestCase(Get + "Host: a\rX: b\r\n\r\n", TestName = "a bare CR")]
    [TestCase("GET / HTTP/1.1\nHost: a\n\n", TestName = "a bare LF")]
    [TestCase(Get + "Host: a,b\r\n\r\n", TestName = "a list")]
    [TestCase(Get + "Host: a b\r\n\r\n", TestName = "two words")]
    [TestCase(Get + "Host: user@a\r\n\r\n", TestName = "a user")]
    [TestCase(Get + "Host: a:b\r\n\r\n", TestName = "no port")]
    [TestCase(Get + "Host: a:65536\r\n\r\n", TestName = "a port too high")]
    [TestCase(Get + "Host: a:-1\r\n\r\n", TestName = "a negative port")]
    [TestCase(Get + "Host: :80\r\n\r\n", TestName = "only a port")]
    [TestCase(Get + "Host: [::1\r\n\r\n", TestName = "no closing bracket")]
    [TestCase(Get + "Host: [::1]x\r\n\r\n", TestName = "more behind the bracket")]
    [TestCase(Get + "Host: [::1%25lo]\r\n\r\n", TestName = "a scope")]
    [TestCase(Get + "Host: [127.0.0.1]\r\n\r\n", TestName = "IPv4 in brackets")]
    [TestCase(Get + "Host: ::1\r\n\r\n", TestName = "IPv6 without brackets")]
    [TestCase(Get + "Host: a\r\nnocolon\r\n\r\n", TestName = "no colon")]
    [TestCase(Get + ": a\r\nHost: a\r\n\r\n", TestName = "no name")]
    [TestCase("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", TestName = "another host in the target")]
    [TestCase("GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "another port in the target")]
    [TestCase("GET http://b@a/ HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "a user in the target")]
    [TestCase("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "a target without host")]
    [TestCase("CONNECT b:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", TestName = "CONNECT to another host")]
    [TestCase("GET * HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "a target that is none")]
    [TestCase("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "a space in the target")]
    [TestCase("GET /\u00e9 HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "a target that is not ASCII")]
    [TestCase("GET / HTTP/1.2\r\nHost: a\r\n\r\n", TestName = "another version")]
    [TestCase("GET /\r\n", TestName = "HTTP/0.9")]
    [TestCase("\u0016\u0003\u0001", TestName = "TLS")]
    [TestCase("SSH-2.0-OpenSSH_9.2\r\n", TestName = "SSH")]
    [TestCase("EHLO=example", TestName = "no method")]
    [TestCase("AVERYLONGWORDTHATISCERTAINLYNOMETHOD", TestName = "a method too long")]
    [TestCase("AVERYLONGWORDTHATISCERTAINLYNOMETHOD / HTTP/1.1\r\nHost: a\r\n\r\n", TestName = "a method too long, and all of the head")]
    public void Read_Ambiguous_Malformed(string head)
    {
        PeekResult result = Read(head);
        Assert.That(result.Status, Is.EqualTo(PeekStatus.Malformed));
        Assert.That(result.Labels.IsEmpty, Is.True);
    }

    [Test]
    public void Read_NoEndWithinTheLimit_Malformed()
    {
        string head = Get + "Host: a\r\nX: " + new string('x', HttpPeek.MaxBytes);
        Assert.That(Read(head[..(HttpPeek.MaxBytes - 1)]).Status, Is.EqualTo(PeekStatus.More));
        Assert.That(Read(head[..HttpPeek.MaxBytes]).Status, Is.EqualTo(PeekStatus.Malformed));
        Assert.That(Read(head + "\r\n\r\n").Status, Is.EqualTo(PeekStatus.Malformed));
    }

    private static PeekResult Read(string head) => HttpPeek.Read(Encoding.Latin1.GetBytes(head));
}
