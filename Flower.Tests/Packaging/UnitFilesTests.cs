// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Text;
using Flower.Switchboard.Hosting.Configuration;
using Flower.Tests.EndToEnd;
using Flower.Tests.Repository;
using NUnit.Framework;

namespace Flower.Tests.Packaging;

/// <summary>The units, and the configuration that comes with them.</summary>
public sealed class UnitFilesTests
{
    private static readonly string[] Services =
        [.. RepositoryFiles.Find("*.service").Select(path => Path.GetFileName(path)!)];

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("flower-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Units_All_AreUnderstoodBySystemd()
    {
        string[] units = [.. Services.Append("flower-switchboard.socket").Select(Copy)];

        await using FlowerProcess verify = FlowerProcess.Start(
            Programs.Require("systemd-analyze"), ["--no-pager", "--man=no", "verify", .. units]);

        // It complains of a setting that it does not know, and exits with 0 all the same.
        Assert.That(await verify.ExitAsync(), Is.Zero, verify.Error.ToString());
        string[] ours = [.. verify.Error.Lines.Where(line => line.Contains("flower", StringComparison.Ordinal))];
        Assert.That(ours, Is.Empty);
    }

    [TestCaseSource(nameof(Services))]
    public async Task Service_Each_IsBarelyExposed(string name)
    {
        await using FlowerProcess rate = FlowerProcess.Start(
            Programs.Require("systemd-analyze"), ["--no-pager", "security", "--offline=yes", "--threshold=20", Copy(name)]);

        // The exit code tells whether it is over the threshold, 2.0 of 10.
        Assert.That(await rate.ExitAsync(), Is.Zero, string.Join('\n', rate.Out.Lines));
    }

    [TestCaseSource(nameof(Services))]
    public void ExecStart_WithTheExample_IsACommandLine(string name)
    {
        string text = File.ReadAllText(Unit(name)).Replace("\\\n", " ", StringComparison.Ordinal);
        string line = text.Split('\n').Single(part => part.StartsWith("ExecStart=", StringComparison.Ordinal));
        string[] words = [.. Words(line["ExecStart=/usr/bin/flower".Length..], Example(name))];

        ParseResult parsed = CommandTree.Create().Parse(words);

        Assert.That(parsed.Errors.Select(error => error.Message), Is.Empty, string.Join(' ', words));
        Assert.That(parsed.CommandResult.Command.Action, Is.Not.Null, string.Join(' ', words));
    }

    [Test]
    public void Configuration_OfThePackage_GivesEachServiceOneRight()
    {
        byte[] json = Encoding.UTF8.GetBytes(RepositoryFiles.Read("packaging/etc/switchboard.json"));

        ConfigurationResult read = new ConfigurationSource("switchboard.json", false, 100, new Accounts()).Parse(json);

        Assert.That(read.Errors, Is.Empty);
        Assert.That(read.Configuration!.Describe().Take(4), Is.EqualTo(new[]
        {
            "grants[0]: user flower-ingress (uid 101): INGRESS_CONNECT",
            "grants[1]: user flower-egress (uid 102): EGRESS_START",
            "grants[2]: user flower-resolver (uid 103): RESOLVER_START",
            "grants[3]: group flower (gid 100): CLIENT_CONNECT, SERVER_START, LIST",
        }));
    }

    private static string Unit(string name) => Path.Combine(RepositoryFiles.Root, "packaging/systemd", name);

    // The variables of packaging/etc/<kind>/example.conf; the switchboard has none.
    private static Dictionary<string, string> Example(string unit)
    {
        string kind = unit["flower-".Length..^".service".Length].TrimEnd('@');
        string path = Path.Combine(RepositoryFiles.Root, "packaging/etc", kind, "example.conf");
        return kind == "switchboard" ? [] : File.ReadLines(path)
            .Where(line => line.Contains('=', StringComparison.Ordinal) && line[0] != '#')
            .Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.Ordinal);
    }

    private static IEnumerable<string> Words(string line, Dictionary<string, string> variables) => line
        .Split(' ', StringSplitOptions.RemoveEmptyEntries)
        .SelectMany(word => word[0] == '$' ? variables[word[1..]].Split(' ', StringSplitOptions.RemoveEmptyEntries) : [word]);

    // One whose program is there, and whose template has an instance.
    private string Copy(string name)
    {
        string copy = Path.Combine(_folder, name.Replace("@.", "@example.", StringComparison.Ordinal));
        File.WriteAllText(
            copy, File.ReadAllText(Unit(name)).Replace("/usr/bin/flower", "/bin/true", StringComparison.Ordinal));
        return copy;
    }

    private sealed class Accounts : IAccounts
    {
        private static readonly string[] Users = ["flower", "flower-ingress", "flower-egress", "flower-resolver"];

        public uint? FindUser(string name) => Find(name);

        public uint? FindGroup(string name) => Find(name);

        private static uint? Find(string name) =>
            Array.IndexOf(Users, name) is >= 0 and int index ? (uint)(100 + index) : null;
    }
}
