// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.CommandLine;
using Flower.Ingress.Accepting;
using NUnit.Framework;

namespace Flower.Tests.Ingress;

internal sealed class ProxySourcesTests
{
    [TestCase("10.1.2.3", true)]
    [TestCase("::ffff:10.1.2.3", true)]
    [TestCase("192.0.2.7", true)]
    [TestCase("192.0.2.8", false)]
    [TestCase("2001:db8::1", true)]
    [TestCase("2001:db9::1", false)]
    [TestCase("127.0.0.1", false)]
    public void Trusts_Address_WhenANetworkHasIt(string address, bool expected)
    {
        var sources = ProxySources.Parse(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);

        Assert.That(sources.Trusts(new IPEndPoint(IPAddress.Parse(address), 1)), Is.EqualTo(expected));
        Assert.That(sources.Trusts(null), Is.False, "a Unix peer");
    }

    [Test]
    public void Trusts_UnixPeer_OnlyWhenSaid()
    {
        var sources = ProxySources.Parse(["unix"]);

        Assert.That(sources.Trusts(null), Is.True);
        Assert.That(sources.Trusts(new IPEndPoint(IPAddress.Loopback, 1)), Is.False);
    }

    [TestCase("10.0.0.1/8")]
    [TestCase("10.0.0.0/33")]
    [TestCase("10.0/8")]
    [TestCase("10")]
    [TestCase("proxy.example")]
    [TestCase("")]
    public void Parse_NoNetwork_IsAUsageError(string word) => Assert.That(
        () => ProxySources.Parse([word]), Throws.TypeOf<ToolException>().With.Property("Code").EqualTo(64));
}
