// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Protocol;
using Flower.Switchboard.Grants;
using Flower.Switchboard.Hosting.Configuration;
using Flower.Switchboard.Routing;
using Flower.Tests.Repository;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.Hosting;

/// <summary>The configuration file: what it means, and everything that can be wrong with it.</summary>
public sealed class ConfigurationTests
{
    [Test]
    public void Read_EveryForm_Understood()
    {
        SwitchboardConfiguration read = Good("""
            {
              // Whoever reads this
              "grants": [
                { "who": "user:alice", "rights": ["client-connect", "LIST"],
                  "in": { "env": "prod", "+tenant": null, "port": 80 }, "out": "+zone=a b:c=1 flower.server_uid=0" },
                { "who": ["group:web", "uid:2000-2999", "user:77", "uid:5"], "rights": "all", },
                { "who": "group:12", "rights": [], "in": {}, "out": "" },
                { "who": "others", "rights": "SERVER_START" },
              ],
            }
            """);

        Grant[] grants = [.. read.Grants.Grants];
        Assert.That(
            grants.Select(g => g.Place), Is.EqualTo(new[] { "grants[0]", "grants[1]", "grants[2]", "grants[3]" }));
        Assert.That(grants[0].Who, Is.EqualTo(new Who[] { new Who.User(1000, "alice") }));
        Assert.That(grants[0].Handle.Rights, Is.EqualTo(Rights.ClientConnect | Rights.List));
        Assert.That(grants[0].Handle.InLabels, Is.EqualTo(LabelSet.ParseWords(["env=prod", "+tenant", "port=80"])));
        Assert.That(
            grants[0].Handle.OutLabels, Is.EqualTo(LabelSet.ParseWords(["+zone=a", "b:c=1", "flower.server_uid=0"])));
        Assert.That(
            grants[1].Who,
            Is.EqualTo(new Who[]
            {
                new Who.Group(33, "web"), new Who.UidRange(2000, 2999), new Who.User(77, ""), new Who.UidRange(5, 5),
            }));
        Assert.That(grants[1].Handle.Rights, Is.EqualTo(Rights.All));
        Assert.That(grants[2].IsRefusal, Is.True);
        Assert.That(grants[3].Who, Is.EqualTo(new Who[] { new Who.Others() }));
        Assert.That(grants[3].Handle.Rights, Is.EqualTo(Rights.ServerStart));
        Assert.That(read.Describe(), Is.EqualTo(new[]
        {
            "grants[0]: user alice (uid 1000): CLIENT_CONNECT, LIST; in-labels env=prod port=80 +tenant; "
                + "out-labels b:c=1 flower.server_uid=0 +zone=a",
            "grants[1]: group web (gid 33), uids 2000 to 2999, user 77, uid 5: all rights but TAP",
            "grants[2]: group 12: nothing",
            "grants[3]: others (everybody but root and the switchboard's own user): SERVER_START",
            "then: root and the switchboard's own user: all rights but TAP",
            "then: everybody else: nothing",
            "quotas of each other user: sessions 4096, targets 16384, pending_calls 8192, queued_bytes 67108864, "
                + "descriptors_in_flight 4096, connects_per_second 2000, registrations_per_second 200",
            "quotas of each handle that was constrained: sessions 1024, targets 4096, pending_calls 2048, queued_bytes 16777216, "
                + "descriptors_in_flight 1024, connects_per_second 10000, registrations_per_second 200",
            "mode of the sockets, without --mode: 0666",
        }));
    }

    [TestCase("{}")]
    [TestCase("""{ "grants": [] }""")]
    [TestCase("""{ "grants": [ { "who": ["user:0", "uid:42"], "rights": "all" } ] }""")]
    [TestCase("""{ "grants": [ { "who": "others", "rights": [] } ] }""")]
    public void DefaultMode_NothingForOthers_OwnerOnly(string json) => Assert.That(
        Good(json).DefaultMode, Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));

    [TestCase("""{ "quotas": [] }""", "quotas: must be an object")]
    [TestCase("""{ "quotas": { "user": 5 } }""", "quotas.user: must be an object of limits")]
    [TestCase("""{ "Grants": [] }""", "Grants: there is no such key here, only grants")]
    [TestCase("""{ "grants": "all" }""", "grants: must be a list of grants")]
    [TestCase("""{ "grants": { "who": "others" } }""", "grants: must be a list of grants")]
    [TestCase("""{ "grants": [ "others" ] }""", "grants[0]: must be an object")]
    [TestCase("""{ "grants": [], "grants": [] }""", "grants: is given twice")]
    [TestCase("""{ "grants:0:who": "others" }""", "grants:0:who: such a key")]
    [TestCase("[]", "must be one object")]
    [TestCase("", "not JSON: line 1, column 1: ")]
    [TestCase("{\n\"grants\": [ }\n", "not JSON: line 2, column 13: '}' is an invalid start of a value")]
    [TestCase("{} {}", "not JSON: line 1, column 4: ")]
    public void Read_Wrong_SaysWhere(string json, string words)
    {
        ConfigurationResult read = Read(json);

        Assert.That(read.Configuration, Is.Null);
        Assert.That(read.Errors, Has.Some.StartsWith("test.json: ").And.Some.Contains(words));
    }

    [TestCase("""{ "rights": "all" }""", "grants[0]: whom does it name?")]
    [TestCase("""{ "who": "others" }""", "grants[0]: which rights?")]
    [TestCase("""{ "who": [], "rights": "all" }""", "grants[0].who: must be user:NAME")]
    [TestCase("""{ "who": { "user": "x" }, "rights": "all" }""", "grants[0].who: must be user:NAME")]
    [TestCase("""{ "who": [[ "others" ]], "rights": "all" }""", "grants[0].who[0]: must be user:NAME")]
    [TestCase("""{ "who": "bob", "rights": "all" }""", "grants[0].who: 'bob' must be user:NAME")]
    [TestCase("""{ "who": "user:", "rights": "all" }""", "grants[0].who: 'user:' must be user:NAME")]
    [TestCase("""{ "who": "user:bob", "rights": "all" }""", "grants[0].who: there is no user 'bob'")]
    [TestCase("""{ "who": "group:x", "rights": "all" }""", "grants[0].who: there is no group 'x'")]
    [TestCase("""{ "who": "uid:9-3", "rights": "all" }""", "grants[0].who: '9-3' is no range")]
    [TestCase("""{ "who": "uid:1-2-3", "rights": "all" }""", "grants[0].who: '1-2-3' is no range")]
    [TestCase("""{ "who": "uid:4294967295", "rights": "all" }""", "grants[0].who: '4294967295' is no")]
    [TestCase("""{ "who": "others", "rights": null }""", "grants[0].rights: must be \"all\" or a list")]
    [TestCase("""{ "who": "others", "rights": {} }""", "grants[0].rights: must be \"all\" or a list")]
    [TestCase("""{ "who": "others", "rights": ["al"] }""", "grants[0].rights[0]: there is no right 'al'")]
    [TestCase("""{ "who": "others", "rights": "unspecified" }""", "grants[0].rights: there is no right")]
    [TestCase("""{ "who": "others", "rights": "all", "in": "env" }""", "grants[0].in: 'env' is not a label")]
    [TestCase("""{ "who": "others", "rights": "all", "in": ["a=1"] }""", "grants[0].in: must be an object")]
    [TestCase("""{ "who": "others", "rights": "all", "in": { "a": null } }""", "grants[0].in.a: must be a text")]
    [TestCase("""{ "who": "others", "rights": "all", "in": { "a": {} } }""", "grants[0].in.a: must be a text")]
    [TestCase("""{ "who": "others", "rights": "all", "in": { "a": { "b": "1" } } }""", "grants[0].in.a: must be")]
    [TestCase("""{ "who": "others", "rights": "all", "in": { "a": true } }""", "grants[0].in.a: true and false")]
    [TestCase("""{ "who": "others", "rights": "all", "in": { "b:c": "1" } }""", "grants[0].in.b:c: such a key")]
    [TestCase("""{ "who": "others", "rights": "all", "in": { "7": "1" } }""", "grants[0].in.7: such a key")]
    [TestCase("""{ "who": "others", "rights": "all", "in": { "": "1" } }""", "a label key must not be empty")]
    [TestCase("""{ "who": "others", "rights": "all", "in": { "A": "1", "a": "1" } }""",
        "grants[0].in.a: is given twice")]
    [TestCase("""{ "who": "others", "rights": "all", "out": { "flower.client_uid": "1" } }""",
        "grants[0].out: label 'flower.client_uid' cannot be stated here")]
    [TestCase("""{ "who": "others", "rights": "all", "rights": [] }""", "grants[0].rights: is given twice")]
    public void Read_WrongGrant_SaysWhere(string grant, string words) =>
        Read_Wrong_SaysWhere($$"""{ "grants": [ {{grant}} ] }""", words);

    [Test]
    public void Read_SeveralWrong_AllAtOnce()
    {
        ConfigurationResult read = Read("""
            {
              "grant": [],
              "grants": [
                { "who": "user:bob", "rights": ["lists", "list", "connect"], "in": { "a=b": "", "flower.x": "" } },
                { "who": "user:alice" },
                7
              ]
            }
            """);

        string[] places =
        [
            "grant:", "grants[0].who:", "grants[0].rights[0]:", "grants[0].rights[2]:", "grants[0].in.a=b:",
            "grants[0].in:", "grants[1]:", "grants[2]:",
        ];
        Assert.That(read.Errors, Has.Count.EqualTo(places.Length));
        foreach (string place in places)
        {
            Assert.That(read.Errors, Has.Exactly(1).StartsWith($"test.json: {place} "));
        }
    }

    [Test]
    public void Read_TooManyLabels_SaysWhere()
    {
        string words = string.Join(' ', Enumerable.Range(0, 65).Select(i => $"k{i}="));

        Assert.That(
            Read($$"""{ "grants": [ { "who": "others", "rights": "all", "out": "{{words}}" } ] }""").Errors,
            Is.EqualTo(new[] { "test.json: grants[0].out: more than 64 labels" }));
    }

    [Test]
    public void Read_FileOfTheOwner_Good() => Assert.That(
        ReadFile("""{ "grants": [] }""", UnixFileMode.UserRead | UnixFileMode.UserWrite).Errors, Is.Empty);

    [TestCase(UnixFileMode.GroupWrite)]
    [TestCase(UnixFileMode.OtherWrite)]
    public void Read_FileThatOthersCanWrite_Refused(UnixFileMode more) => Assert.That(
        ReadFile("{}", UnixFileMode.UserRead | UnixFileMode.UserWrite | more).Errors,
        Has.Exactly(1).Contains("can be written by others"));

    [Test]
    public void Read_FileOfAnotherUser_Refused()
    {
        if (Syscall.geteuid() != 0)
        {
            Assert.Ignore("only root can give a file away");
        }

        Assert.That(
            ReadFile("{}", UnixFileMode.UserRead, 4711).Errors, Has.Exactly(1).Contains("belongs to uid 4711"));
    }

    [Test]
    public void Read_NoUtf8_Refused() => Assert.That(
        ReadFile([(byte)'{', 0xff, (byte)'}'], UnixFileMode.UserRead).Errors, Has.Exactly(1).Contains("is not UTF-8"));

    [Test]
    public void Read_Missing_ErrorUnlessItIsTheDefault()
    {
        string path = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString());

        ConfigurationResult asked = new ConfigurationSource(path, false, 42, new Accounts()).Read();
        ConfigurationResult usual = new ConfigurationSource(path, true, 42, new Accounts()).Read();

        Assert.That(asked.Errors, Has.One.Contains("there is no such file"));
        Assert.That(usual.Configuration!.Grants.Grants, Is.Empty);
    }

    [Test]
    public void Read_Folder_Refused() => Assert.That(
        new ConfigurationSource(Path.GetTempPath(), false, 42, new Accounts()).Read().Errors, Has.Count.EqualTo(1));

    [Test]
    public void Read_ExampleOfTheDocumentation_Good()
    {
        string page = RepositoryFiles.Read("docs/switchboard.md");
        const string Begin = "```json\n";
        int at = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        string json = page[at..page.IndexOf("```", at, StringComparison.Ordinal)]
            .Replace("group:operators", "group:web", StringComparison.Ordinal)
            .Replace("user:www-data", "user:alice", StringComparison.Ordinal)
            .Replace("user:guest", "user:alice", StringComparison.Ordinal);

        Assert.That(Good(json).Grants.Grants, Has.Length.EqualTo(4));
    }

    private static SwitchboardConfiguration Good(string json)
    {
        ConfigurationResult read = Read(json);
        Assert.That(read.Errors, Is.Empty);
        return read.Configuration!;
    }

    private static ConfigurationResult Read(string json) =>
        new ConfigurationSource("test.json", false, 42, new Accounts()).Parse(Encoding.UTF8.GetBytes(json));

    private static ConfigurationResult ReadFile(string json, UnixFileMode mode, uint? owner = null) =>
        ReadFile(Encoding.UTF8.GetBytes(json), mode, owner);

    private static ConfigurationResult ReadFile(byte[] bytes, UnixFileMode mode, uint? owner = null)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, bytes);
            File.SetUnixFileMode(path, mode);
            if (owner is { } uid)
            {
                Assert.That(Syscall.chown(path, uid, uint.MaxValue), Is.Zero);
            }

            return new ConfigurationSource(path, false, Syscall.geteuid(), new Accounts()).Read();
        }
        finally
        {
            File.Delete(path);
        }
    }

    private sealed class Accounts : IAccounts
    {
        public uint? FindUser(string name) => name == "alice" ? 1000 : null;

        public uint? FindGroup(string name) => name == "web" ? 33 : null;
    }
}
