// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.CommandLine;
using Flower.Ingress.Listening;
using NUnit.Framework;

namespace Flower.Tests.Ingress;

internal sealed class ListenAddressTests
{
    [TestCase("127.0.0.1:8080")]
    [TestCase("[::]:80")]
    [TestCase("[fe80::1]:0")]
    public void Parse_AddressAndPort_IsIt(string text) => Assert.That(
        ListenAddress.Parse(text), Is.EqualTo(new ListenAddress.Ip(IPEndPoint.Parse(text))));

    [Test]
    public void Parse_OtherKinds_AreTold()
    {
        Assert.That(ListenAddress.Parse("unix:/run/web.sock"), Is.EqualTo(new ListenAddress.Unix("/run/web.sock")));
        Assert.That(ListenAddress.Parse("fd:3"), Is.EqualTo(new ListenAddress.Inherited(3)));
        Assert.That(ListenAddress.Parse("systemd"), Is.EqualTo(new ListenAddress.Systemd(null)));
        Assert.That(ListenAddress.Parse("systemd:web"), Is.EqualTo(new ListenAddress.Systemd("web")));
    }

    [TestCase("127.0.0.1")]
    [TestCase("8080")]
    [TestCase(":8080")]
    [TestCase("::1:80")]
    [TestCase("localhost:80")]
    [TestCase("127.1:80")]
    [TestCase("[::]")]
    [TestCase("[::]:99999")]
    [TestCase("unix:web.sock")]
    [TestCase("unix:")]
    [TestCase("fd:")]
    [TestCase("fd:2")]
    [TestCase("fd:-3")]
    [TestCase("fd:three")]
    [TestCase("systemd:")]
    [TestCase("")]
    public void Parse_AnythingElse_IsAUsageError(string text) => Assert.That(
        () => ListenAddress.Parse(text), Throws.TypeOf<ToolException>().With.Property("Code").EqualTo(64));

    [Test]
    public void Parse_PathTooLong_IsAUsageError() => Assert.That(
        () => ListenAddress.Parse("unix:/" + new string('x', 107)),
        Throws.TypeOf<ToolException>().With.Message.Contains("too long"));

    [TestCase("127.0.0.1:80", true)]
    [TestCase("localhost", true)]
    [TestCase("systemd", true)]
    [TestCase("unix:/a=b", true)]
    [TestCase("service=www", false)]
    [TestCase("+service", false)]
    [TestCase("{\"service\":\"www\"}", false)]
    [TestCase("at=127.0.0.1:80", false)]
    public void IsMeant_Word_TellsAddressesFromLabels(string word, bool expected) =>
        Assert.That(ListenAddress.IsMeant(word), Is.EqualTo(expected));
}
