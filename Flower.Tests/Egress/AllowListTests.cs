// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Egress.Policy;
using NUnit.Framework;

namespace Flower.Tests.Egress;

/// <summary>Where clients may go.</summary>
internal sealed class AllowListTests
{
    [TestCase("8.8.8.8:53")]
    [TestCase("192.0.1.1:80")]
    [TestCase("172.32.0.1:80")]
    [TestCase("[2606:4700::1111]:443")]
    [TestCase("[::ffff:8.8.8.8]:53")]
    [TestCase("[64:ff9b::8.8.8.8]:53")]
    public void Refuse_NoRulesAndPublic_Allowed(string endPoint) => Assert.That(Refuse(endPoint), Is.Null);

    [TestCase("0.0.0.0:80", "0.0.0.0/32 (unspecified)")]
    [TestCase("0.1.2.3:80", "0.0.0.0/8 (reserved)")]
    [TestCase("10.1.2.3:80", "10.0.0.0/8 (private)")]
    [TestCase("100.64.0.1:80", "100.64.0.0/10 (private)")]
    [TestCase("127.0.0.1:80", "127.0.0.0/8 (loopback)")]
    [TestCase("127.255.0.1:80", "127.0.0.0/8 (loopback)")]
    [TestCase("169.254.169.254:80", "169.254.0.0/16 (link-local)")]
    [TestCase("172.31.255.255:80", "172.16.0.0/12 (private)")]
    [TestCase("192.0.0.8:80", "192.0.0.0/24 (reserved)")]
    [TestCase("192.168.1.1:80", "192.168.0.0/16 (private)")]
    [TestCase("198.19.0.1:80", "198.18.0.0/15 (reserved)")]
    [TestCase("224.0.0.1:80", "224.0.0.0/4 (multicast)")]
    [TestCase("250.0.0.1:80", "240.0.0.0/4 (reserved)")]
    [TestCase("255.255.255.255:80", "255.255.255.255/32 (broadcast)")]
    [TestCase("[::]:80", "::/128 (unspecified)")]
    [TestCase("[::1]:80", "::1/128 (loopback)")]
    [TestCase("[::7f00:1]:80", "::/3 (reserved)")]
    [TestCase("[64:ff9b:1::1]:80", "::/3 (reserved)")]
    [TestCase("[fd00::1]:80", "fc00::/7 (private)")]
    [TestCase("[fe80::1%1]:80", "fe80::/10 (link-local)")]
    [TestCase("[fec0::1]:80", "fec0::/10 (private)")]
    [TestCase("[ff02::1]:80", "ff00::/8 (multicast)")]
    [TestCase("[2002:7f00:1::1]:80", "2002::/16 (reserved)")]
    [TestCase("[::ffff:127.0.0.1]:80", "127.0.0.0/8 (loopback)")]
    [TestCase("[::ffff:0.0.0.0]:80", "0.0.0.0/32 (unspecified)")]
    [TestCase("[64:ff9b::127.0.0.1]:80", "127.0.0.0/8 (loopback)")]
    [TestCase("[64:ff9b::a01:203]:80", "10.0.0.0/8 (private)")]
    public void Refuse_Special_NeedsARuleThatNamesIt(string endPoint, string range)
    {
        Assert.That(
            Refuse(endPoint),
            Does.StartWith("permission denied: ").And.Contains($"is in {range}, and no --allow names it"));
        Assert.That(
            Refuse(endPoint, "0.0.0.0/0", "[::/0]"), Does.Contain(range).And.EndsWith("/0] is wider than that")
                .Or.EndsWith("/0 is wider than that"));
    }

    [TestCase("10.1.2.3:5432", "10.0.0.0/8:5432")]
    [TestCase("10.1.2.3:1", "10.0.0.0/8")]
    [TestCase("10.1.2.3:1", "10.1.2.3")]
    [TestCase("127.0.0.1:90", "127.0.0.1:80-90")]
    [TestCase("0.0.0.0:80", "0.0.0.0:80")]
    [TestCase("[::1]:443", "[::1]:443")]
    [TestCase("[2001:db8::5]:443", "[2001:db8::/32]:443")]
    [TestCase("[fe80::1%2]:443", "[fe80::/64]")]
    [TestCase("[::ffff:10.1.2.3]:1", "10.0.0.0/8")]
    [TestCase("10.1.2.3:1", "[::ffff:10.0.0.0/104]")]
    [TestCase("[64:ff9b::10.1.2.3]:1", "10.0.0.0/8")]
    [TestCase("8.8.8.8:443", "0.0.0.0/0:443")]
    [TestCase("[2606:4700::1111]:443", "[::/0]:443")]
    public void Refuse_RuleThatMeansIt_Allowed(string endPoint, string rule) =>
        Assert.That(Refuse(endPoint, "192.0.2.1", rule, "unix:/x"), Is.Null);

    [TestCase("10.1.2.3:5433", "10.0.0.0/8:5432", "is in 10.0.0.0/8 (private), and no --allow names it")]
    [TestCase("11.1.2.3:5432", "10.0.0.0/8:5432", "is not within --allow 10.0.0.0/8:5432")]
    [TestCase("127.0.0.1:443", "0.0.0.0/0:443", "127.0.0.0/8 (loopback), and --allow 0.0.0.0/0:443 is wider than that")]
    [TestCase("127.0.0.1:443", "64.0.0.0/2", "--allow 64.0.0.0/2 is wider")]
    [TestCase("0.0.0.0:443", "0.0.0.0/8", "0.0.0.0/32 (unspecified), and --allow 0.0.0.0/8 is wider")]
    [TestCase("255.255.255.255:443", "240.0.0.0/4", "broadcast")]
    [TestCase("[::1]:443", "[::/3]", "::1/128 (loopback), and --allow [::/3] is wider")]
    [TestCase("8.8.8.8:443", "[::/0]", "not within --allow [::/0]")]
    [TestCase("[::ffff:8.8.8.8]:443", "[::/0]", "[::ffff:8.8.8.8]:443, which is 8.8.8.8, is not within --allow [::/0]")]
    public void Refuse_OtherRule_SaysWhich(string endPoint, string rule, string words) =>
        Assert.That(Refuse(endPoint, rule), Does.Contain(words));

    [Test]
    public void Refuse_ManyRules_NamesSome() => Assert.That(
        Refuse("8.8.8.8:1", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "unix:/x"),
        Does.EndWith("--allow 192.0.2.1, --allow 192.0.2.2, --allow 192.0.2.3 and 2 more"));

    [TestCase("/run/postgresql/.s.PGSQL.5432", "unix:/run/postgresql/*", true)]
    [TestCase("/run/postgresql/.s.PGSQL.5432", "unix:/run/postgresql/.s.PGSQL.*", true)]
    [TestCase("/run/user/1000/bus", "unix:/run/user/*/bus", true)]
    [TestCase("/run/a-b-c-d", "unix:/run/a*c*", true)]
    [TestCase("/run/abcd", "unix:/run/*b*d", true)]
    [TestCase("/run/abcbcd/x", "unix:/run/*bcd/x", true)]
    [TestCase("/run/x", "unix:/run/x", true)]
    [TestCase("/run/x", "unix:/run/x**", true)]
    [TestCase("/run/postgresql/a/b", "unix:/run/postgresql/*", false)]
    [TestCase("/run/a/b/bus", "unix:/run/*/bus", false)]
    [TestCase("/run/postgresql", "unix:/run/postgresql/*", false)]
    [TestCase("/run/xy", "unix:/run/x", false)]
    [TestCase("/run/x", "unix:/run/xy", false)]
    [TestCase("/run/X", "unix:/run/x", false)]
    [TestCase("/run/x", "0.0.0.0/0", false)]
    public void Refuse_Path_OnlyByARuleForIt(string path, string rule, bool isAllowed)
    {
        string? refusal = List(rule).Refuse(path);
        Assert.That(refusal is null, Is.EqualTo(isAllowed));
        Assert.That(refusal ?? "--allow " + rule, Does.Contain($"--allow {rule}"));
        Assert.That(new AllowList([]).Refuse(path), Does.Contain("needs an --allow that names it"));
    }

    [TestCase("")]
    [TestCase("10.0.0.0/33")]
    [TestCase("10.0.0.0/-1")]
    [TestCase("10.0.0.0/")]
    [TestCase("10.0.0/8")]
    [TestCase("010.0.0.0/8")]
    [TestCase("10.0.0.0/8:")]
    [TestCase("10.0.0.0/8:0")]
    [TestCase("10.0.0.0/8:65536")]
    [TestCase("10.0.0.0/8:90-80")]
    [TestCase("10.0.0.0/8:80-90-100")]
    [TestCase("10.0.0.0/8:http")]
    [TestCase("example.org:443")]
    [TestCase("2001:db8::/32")]
    [TestCase("[2001:db8::/129]")]
    [TestCase("[2001:db8::/32")]
    [TestCase("[2001:db8::/32]443")]
    [TestCase("[fe80::1%1]")]
    [TestCase("[10.0.0.0/8]")]
    [TestCase("10.1.2.3/8:80", "write 10.0.0.0/8 or 10.1.2.3")]
    [TestCase("[2001:db8::1/32]", "write 2001:db8::/32 or 2001:db8::1")]
    [TestCase("unix:run/x", "absolute")]
    [TestCase("unix:/run/../x", "absolute")]
    [TestCase("unix:/run//x", "absolute")]
    [TestCase("unix:/run/x/", "absolute")]
    public void Parse_NoRule_SaysHowToWriteOne(string text, string words = "write 10.0.0.0/8:5432")
    {
        Assert.That(AllowRule.Parse(text, out string error), Is.Null);
        Assert.That(error, Does.StartWith($"'{text}' is no rule for --allow: ").And.Contains(words));
    }

    private static string? Refuse(string endPoint, params string[] rules) =>
        List(rules).Refuse(IPEndPoint.Parse(endPoint));

    private static AllowList List(params string[] rules) => new([.. rules.Select(rule =>
        AllowRule.Parse(rule, out string error) ?? throw new ArgumentException(error))]);
}
