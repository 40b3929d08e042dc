// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>Names in a box: what the stub answers, and what a connect to such an address asks for.</summary>
public sealed class NameTests : SharedBoardTest
{
    private static readonly IPNetwork Synthetic = IPNetwork.Parse("198.18.0.0/15");
    private static readonly IPNetwork Unique = IPNetwork.Parse("fc00::/7");

    [Test]
    public async Task Name_Getent_GivesAnAddressOfItsOwnInEachFamily()
    {
        FlowerProcess box = Shell("""
            for name in web.example db.example web.example WEB.Example; do
              getent ahostsv4 $name | grep STREAM | cut -d ' ' -f 1
              getent ahostsv6 $name | grep STREAM | cut -d ' ' -f 1
            done
            getent hosts web.example | wc -l
            """);

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        IReadOnlyList<string> said = box.Out.Lines;
        Assert.That(said, Has.Count.EqualTo(9), box.Out.ToString());
        foreach (int line in new[] { 0, 2 })
        {
            Assert.That(Synthetic.Contains(IPAddress.Parse(said[line])), Is.True, said[line]);
            Assert.That(Unique.Contains(IPAddress.Parse(said[line + 1])), Is.True, said[line + 1]);
        }

        Assert.That(said.Take(4).Distinct().Count(), Is.EqualTo(4), box.Out.ToString());
        Assert.That(said.Skip(4).Take(4), Is.EqualTo(said.Take(2).Concat(said.Take(2))), "one name, one address");
        Assert.That(said[8], Is.EqualTo("1"));
    }

    [Test]
    public async Task Name_OfTheMachine_IsAsEverywhere()
    {
        FlowerProcess box = Shell("getent ahostsv4 localhost | head -n 1; getent ahostsv6 ip6-localhost | head -n 1");

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines[0], Does.StartWith("127.0.0.1 "));
        Assert.That(box.Out.Lines[1], Does.StartWith("::1 "));
    }

    [TestCase("udp")]
    [TestCase("tcp")]
    public async Task Name_OtherQuestions_AreAnsweredAtOnceWithNothing(string protocol)
    {
        FlowerProcess box = NetworkBoxes.Start(
            Board, [], "python3", NetworkBoxes.Script("dns_ask.py"), protocol,
            "A", "AAAA", "MX", "TXT", "SRV", "HTTPS", "PTR", "ANY");

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines.Take(2), Is.EqualTo(new[] { "A NOERROR 1", "AAAA NOERROR 1" }));
        Assert.That(box.Out.Lines.Skip(2).Take(5).All(line => line.EndsWith(" 0", StringComparison.Ordinal)), Is.True,
            box.Out.ToString());
        Assert.That(box.Out.Lines, Has.Count.EqualTo(8).And.None.Contain("SILENCE").And.None.Contain("SERVFAIL"));
    }

    [TestCase("udp")]
    [TestCase("tcp")]
    public async Task Name_Garbage_TheStubGoesOn(string protocol)
    {
        FlowerProcess box = NetworkBoxes.Start(
            Board, [], "sh", "-c",
            $"python3 {NetworkBoxes.Script("dns_ask.py")} {protocol} garbage; getent ahostsv4 web.example | head -n 1");

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines[^1], Does.StartWith("198.1"), box.Error.ToString());
    }

    [Test]
    public async Task Name_Connect_AsksForItAsItIsKnown()
    {
        await using LabelServer server = await LabelServer.StartAsync(
            Board, "api", ("server_hostname", "api.shop"), ("server_port", "80"), ("address_family", "inet"));

        FlowerProcess box = Shell("curl -sS -4 http://api.shop/; busybox wget -q -O - http://api.shop/");

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.ToString(), Is.EqualTo("apiapi"));
        LabelServer.Visit visit = await server.FirstAsync();
        Assert.That(visit.Labels["server_hostname"], Is.EqualTo("api.shop"));
        Assert.That(visit.Labels["server_port"], Is.EqualTo("80"));
    }

    private FlowerProcess Shell(string script) => NetworkBoxes.Start(Board, [], "sh", "-c", script);
}
