// SPDX-License-Identifier: BSD-2-Clause
using Flower.Run.Names;
using NUnit.Framework;

namespace Flower.Tests.Run;

internal sealed class BoxFilesTests
{
    private const string Comment = "# Made by flower run --box: the host's, but for the line of hosts.\n";

    [Test]
    public void ResolvConf_Whole_NamesTheStubAndNoDomain() =>
        Assert.That(Lines(BoxFiles.ResolvConf), Is.EqualTo(new[]
        {
            "nameserver 198.18.0.1", "search .", "options ndots:0 timeout:2 attempts:2",
        }));

    [Test]
    public void Hosts_NameOfHost_IsTheBoxItself() =>
        Assert.That(Lines(BoxFiles.Hosts("Db-1.example")), Is.EqualTo(new[]
        {
            "127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback",
            "127.0.0.1\tDb-1.example", "::1\tDb-1.example",
        }));

    [TestCase("localhost")]
    [TestCase("LocalHost")]
    [TestCase("")]
    [TestCase("(none)")]
    [TestCase("a b")]
    [TestCase("a\n198.18.0.9\tevil")]
    [TestCase("a#b")]
    [TestCase("b\u00fccher")]
    [TestCase("10.0.0.1")]
    public void Hosts_NoNameOfItsOwn_LocalhostAlone(string name) =>
        Assert.That(Lines(BoxFiles.Hosts(name)), Has.Length.EqualTo(2));

    [TestCase("", "hosts:          files dns\n")]
    [TestCase("passwd: files", "passwd: files\nhosts:          files dns\n")]
    [TestCase(
        "hosts: mymachines resolve [!UNAVAIL=return] files\npasswd: sss # hosts: x\n",
        "hosts:          files dns\npasswd: sss # hosts: x\n")]
    [TestCase("# hosts: a\n\n  hosts\t: nis\nnetworks: files", "# hosts: a\n\nhosts:          files dns\nnetworks: files\n")]
    [TestCase("a: b\nhosts:\n", "a: b\nhosts:          files dns\n")]
    [TestCase("hosts_x: a\n", "hosts_x: a\nhosts:          files dns\n")]
    [TestCase("hosts: a\nhosts: b\n", "hosts:          files dns\nhosts:          files dns\n")]
    public void NsSwitch_OfHost_OnlyItsHostsLineIsAnother(string ofHost, string expected) =>
        Assert.That(BoxFiles.NsSwitch(ofHost), Is.EqualTo(Comment + expected));

    [Test]
    public void Files_Each_SayWhoMadeThem() =>
        Assert.That(
            new[] { BoxFiles.ResolvConf, BoxFiles.Hosts("a"), BoxFiles.NsSwitch("") },
            Has.All.StartsWith("# Made by flower run --box"));

    private static string[] Lines(string file)
    {
        Assert.That(file, Does.EndWith("\n"));
        return [.. file.TrimEnd('\n').Split('\n').Where(line => !line.StartsWith('#'))];
    }
}
