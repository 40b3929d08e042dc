// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Ingress.Peek;
using Flower.Protocol;
using NUnit.Framework;

namespace Flower.Tests.Ingress;

/// <summary>What becomes of a connection by its first bytes; the parsers have tests of their own.</summary>
internal sealed class FirstBytesPolicyTests
{
    private static readonly FirstBytesOptions Http = new() { Protocols = PeekProtocols.Http };

    [Test]
    public void Judge_HttpHead_AdmitsWithItsHost() =>
        Assert.That(
            Judge(Http, "GET / HTTP/1.1\r\nHost: A.example:80\r\n\r\n"),
            Is.EqualTo(Admit(("http_host", "a.example"))));

    [Test]
    public void Judge_HalfAHead_Awaits() =>
        Assert.That(Judge(Http, "GET / HTTP/1.1\r\nHost: a.ex"), Is.SameAs(FirstBytesStep.Await));

    [Test]
    public void Judge_Nothing_Awaits() => Assert.That(Judge(Http, ""), Is.SameAs(FirstBytesStep.Await));

    [TestCase("")]
    [TestCase("GET / HTTP/1.1\r\nHost: a.ex")]
    public void Judge_EndedTooEarly_HasNoLabel(string bytes)
    {
        Assert.That(Judge(Http, bytes, ended: true), Is.EqualTo(Admit()));
        Assert.That(Judge(Http with { RequireLabel = true }, bytes, ended: true), Is.TypeOf<FirstBytesStep.Refuse>());
    }

    [Test]
    public void Judge_Malformed_HasNoLabel()
    {
        Assert.That(Judge(Http, "\0\0\0\r\n\r\n"), Is.EqualTo(Admit()));
        Assert.That(Judge(Http with { RequireLabel = true }, "\0\0\0\r\n\r\n"), Is.TypeOf<FirstBytesStep.Refuse>());
    }

    [Test]
    public void Judge_MoreThanMayBeLookedAt_HasNoLabel()
    {
        string head = "GET / HTTP/1.1\r\nX: " + new string('x', 200);

        Assert.That(Judge(Http with { MaxBytes = 256 }, head), Is.SameAs(FirstBytesStep.Await));
        Assert.That(Judge(Http with { MaxBytes = 128 }, head[..128]), Is.EqualTo(Admit()));
    }

    [Test]
    public void Judge_BothProtocols_TheFirstByteDecides()
    {
        FirstBytesOptions both = new() { Protocols = PeekProtocols.Http | PeekProtocols.Tls };

        Assert.That(Judge(both, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Is.EqualTo(Admit(("http_host", "a"))));
        Assert.That(Judge(both, "\x16\x03\x01"), Is.SameAs(FirstBytesStep.Await));
    }

    [Test]
    public void Judge_NothingToPeekFor_Admits() => Assert.That(Judge(new(), ""), Is.EqualTo(Admit()));

    [Test]
    public void Judge_ProxyHeader_IsConsumedToItsEnd()
    {
        const string header = "PROXY TCP4 192.0.2.1 192.0.2.2 1000 80\r\n";

        FirstBytesStep step = JudgeHeader(header + "GET /");

        Assert.That(step, Is.TypeOf<FirstBytesStep.Consume>());
        Assert.That(((FirstBytesStep.Consume)step).Length, Is.EqualTo(header.Length));
        Assert.That(((FirstBytesStep.Consume)step).Header.Source!.ToString(), Is.EqualTo("192.0.2.1:1000"));
        Assert.That(JudgeHeader(header[..^1]), Is.SameAs(FirstBytesStep.Await));
    }

    [TestCase("GET / HTTP/1.1\r\n", false)]
    [TestCase("PROXY TCP4 nonsense\r\n", false)]
    [TestCase("PROXY TCP4 192.0", true)]
    public void Judge_NoProxyHeader_RefusesInAnyCase(string bytes, bool ended) =>
        Assert.That(JudgeHeader(bytes, ended), Is.TypeOf<FirstBytesStep.Refuse>());

    [Test]
    public void GiveUp_ByStage_RefusesOnlyForAHeader()
    {
        var policy = new FirstBytesPolicy(Http with { ProxyHeader = true });

        Assert.That(policy.First, Is.EqualTo(FirstBytesStage.ProxyHeader));
        Assert.That(policy.GiveUp(FirstBytesStage.ProxyHeader, "slow"), Is.TypeOf<FirstBytesStep.Refuse>());
        Assert.That(policy.GiveUp(FirstBytesStage.Peek, "slow"), Is.EqualTo(Admit()));
    }

    private static FirstBytesStep Judge(FirstBytesOptions options, string bytes, bool ended = false) =>
        new FirstBytesPolicy(options).Judge(FirstBytesStage.Peek, Encoding.Latin1.GetBytes(bytes), ended);

    private static FirstBytesStep JudgeHeader(string bytes, bool ended = false) =>
        new FirstBytesPolicy(Http with { ProxyHeader = true }).Judge(
            FirstBytesStage.ProxyHeader, Encoding.Latin1.GetBytes(bytes), ended);

    private static FirstBytesStep.Admit Admit(params ReadOnlySpan<(string Key, string Value)> labels) =>
        new(LabelSet.Create(labels));
}
