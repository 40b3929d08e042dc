// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Failures of tools: one line that says what to do, and an exit code; see docs/errors.md.</summary>
public sealed class ErrorLineTests : EndToEndTest
{
    private static readonly string TooLong = "blob=" + new string('x', 4097);

    private static IEnumerable<TestCaseData> Mistakes()
    {
        yield return Case("NoLabel", 64, "'word' is not a label", "cat", "word");
        yield return Case("BadJson", 64, "bad JSON", "cat", "{\"program\":");
        yield return Case("JsonNumber", 64, "the value of label 'program' must be a string", "cat", "{\"program\":1}");
        yield return Case("DuplicateKey", 64, "label 'a' is given twice", "cat", "a=1", "a=2");
        yield return Case("DuplicateInJson", 64, "label 'a' is given twice", "ls", "{\"a\":\"1\",\"a\":\"2\"}");
        yield return Case("TooLong", 64, "the value of label 'blob' is longer than 4096 bytes", "cat", "-l", TooLong);
        yield return Case("BadListenAddress", 64, "is not an address to listen on", "ingress", "accept", "www:80");
        yield return Case("BadSwitchboard", 64, "is not a switchboard's address", "ls", "--switchboard", "nowhere");
        yield return Case("NoSuchOption", 64, "--no-such-option", "ls", "--no-such-option");
        yield return Case("MistypedOption", 64, "did you mean '--timeout'? (see", "cat", "--timout", "3", "program=x");
        yield return Case("MistypedSubcommand", 64, "did you mean 'accept'? (see", "ingress", "acept");
        yield return Case("NoSubcommand", 64, "a subcommand is missing: accept (see flower ingress --help)", "ingress");
        yield return Case("NoSubcommandOfSeveral", 64, "a subcommand is missing: dns, static or services", "resolver", "db");
        yield return Case(
            "NoSubcommandButItsWords", 64, "did you mean 'flower ingress accept 127.0.0.1:80 …'?", "ingress", "127.0.0.1:80", "x=y");
        yield return Case("BegunOption", 64, "no option '--no-net'; did you mean '--no-network'?", "run", "--no-net", "--", "true");
        yield return Case("MistypedOptionOfIngress", 64, "did you mean '--peek'?", "ingress", "accept", "127.0.0.1:0", "--peak=tls");
        yield return Case("BadAtEof", 64, "half-close", "cat", "--at-eof", "never", "program=x");
        yield return Case("BadTimeout", 64, "is not a duration", "cat", "-w", "soon", "program=x");
        yield return Case("ExecAndInput", 64, "standard input is not used", "cat", "-d", "--exec", "true", "program=x");
        yield return Case(
            "BadBalance", 64, "--balance best: it is weighted, round-robin or least", "explain", "--balance", "best", "program=x");
        yield return Case("BadPeek", 64, "--peek ssh: it is tls or http", "ingress", "accept", "127.0.0.1:0", "--peek", "ssh");
        yield return Case("BadNumber", 64, "--max wants a number from 1 to 4096, and cannot take 'many'", "serve", "--max", "many", "--", "true");
        yield return Case(
            "BadNumberWithoutLimits", 64, "--tries wants a number, and cannot take 'x'", "resolver", "dns", "--tries", "x");
        yield return Case("LargeNumber", 64, "cannot take '99999999999'", "cat", "--weight", "99999999999", "a=1");
        yield return Case("BadHandleId", 64, "'abc' is no id: an id is a number, such as 17; flower handles", "revoke", "abc");
        yield return Case("BadConnectionId", 64, "flower connections shows", "revoke", "--connection", "-1");
        yield return Case("ExplainNowhere", 69, "no switchboard at fd:99", "explain", "--switchboard", "fd:99");
        yield return Case("NotFound", 69, "; flower explain with the same labels says why", "cat", "program=nowhere");
        yield return Case("MistypedKey", 69, "; did you mean 'server_hostname'?", "cat", "servre_hostname=x");
        yield return Case("NoSwitchboard", 69, "start one with: flower switchboard", "ls", "--switchboard", "/no/where");
        yield return Case("NoDescriptor", 69, "no switchboard at fd:99", "ls", "--switchboard", "fd:99");
        yield return Case("BadMode", 64, "--mode 9", "switchboard", "--listen", "/no/where", "--mode", "9");
    }

    [TestCaseSource(nameof(Mistakes))]
    public async Task Tool_Mistake_IsOneLineAndAnExitCode(int code, string words, string[] args) =>
        await AssertFailsAsync(code, words, args);

    [Test]
    public async Task Cat_SeveralMatch_NamesTheKeyThatTellsThemApart()
    {
        await Board.FlowerReadyAsync("cat", "-l", "service=s", "instance=1");
        await Board.FlowerReadyAsync("cat", "-l", "service=s", "instance=2");

        await AssertFailsAsync(69, "'instance'", "cat", "service=s");
    }

    [TestCase("tenent=a", "; did you mean 'tenant'?")]
    [TestCase("tenant=b", "")]
    [TestCase("colour=b", "")]
    public async Task Connect_KeyIsNearOneOnTheBoard_IsNamed(string word, string hint)
    {
        await Board.FlowerReadyAsync("cat", "-l", "service=s", "tenant=a");

        FlowerProcess connect = Board.Flower("connect", "--wait", "0", word, "service=x", "--", "true");
        Assert.That(await connect.ExitAsync(), Is.EqualTo(69), connect.Error.ToString());
        Assert.That(connect.Error.Lines.Single(), hint.Length > 0 ? Does.EndWith(hint) : Does.Not.Contain("did you mean"));
    }

    [TestCase("cat -d servce=web", "the target has no label 'servce', which therefore told nothing apart; did you mean 'service'?")]
    [TestCase("cat -d service=web tennat=b", "the target has no label 'tennat', which therefore told nothing apart; did you mean 'tenant'?")]
    [TestCase("cat -d --json servce=web", null)]
    [TestCase("cat -d colour=red", null)]
    [TestCase("cat -d client_uid=1 service=web", null)]
    [TestCase("connect servce=web -- true", "the target has no label 'servce', which therefore told nothing apart; did you mean 'service'?")]
    public async Task Connect_TargetKnowsAKeyByAnotherName_AdvisesAndGoesOn(string words, string? advice)
    {
        await Board.FlowerReadyAsync("serve", "service=web", "tenant=a", "--", "true");

        FlowerProcess client = Board.Flower(words.Split(' '));

        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
        string[] said = [.. client.Error.Lines.Where(line => line.StartsWith("flower ", StringComparison.Ordinal))];
        Assert.That(said, Is.EqualTo(advice is null ? [] : new[] { $"flower {words.Split(' ')[0]}: {advice}" }));
    }

    [Test]
    public async Task Connect_TargetHasBothKeys_SaysNothing()
    {
        await Board.FlowerReadyAsync("serve", "zone1=a", "zone2=b", "--", "true");

        FlowerProcess client = Board.Flower("cat", "-d", "zone1=a");

        Assert.That(await client.ExitAsync(), Is.Zero);
        Assert.That(client.Error.Lines, Is.Empty);
    }

    [Test]
    public async Task Connect_MayNotList_SaysNothing()
    {
        await Board.FlowerReadyAsync("serve", "service=web", "--", "true");

        FlowerProcess client = Board.Flower("run", "--right", "client-connect", "--", Programs.Flower, "cat", "-d", "servce=web");

        Assert.That(await client.ExitAsync(), Is.Zero);
        Assert.That(client.Error.Lines, Is.Empty);
    }

    [Test]
    public async Task Flower_Alone_NamesTheCommands()
    {
        FlowerProcess flower = Board.Flower();

        Assert.That(await flower.ExitAsync(), Is.EqualTo(64));
        Assert.That(flower.Out.Lines, Is.Empty);
        Assert.That(flower.Error.Lines[0], Is.EqualTo("flower: a subcommand is missing (see flower --help)"));
        Assert.That(
            flower.Error.Lines.Skip(1).SelectMany(line => line.Split(':')[1].Split(',', StringSplitOptions.TrimEntries)),
            Is.EquivalentTo(CommandTree.Create().Subcommands.Select(command => command.Name)));
    }

    [TestCase("foo", "there is no command 'foo' (see flower --help)")]
    [TestCase("swichboard", "there is no command 'swichboard'; did you mean 'switchboard'? (see flower --help)")]
    [TestCase("swi", "there is no command 'swi'; did you mean 'switchboard'? (see flower --help)")]
    public async Task Flower_NoSuchCommand_SaysSo(string word, string words)
    {
        FlowerProcess flower = Board.Flower(word);

        Assert.That(await flower.ExitAsync(), Is.EqualTo(64));
        Assert.That(flower.Error.Lines.Single(), Is.EqualTo("flower: " + words));
    }

    [Test]
    public async Task Ls_RegularFileOrFolder_IsNoSocket()
    {
        string file = Path.Combine(Board.Folder, "file");
        await File.WriteAllTextAsync(file, "");

        await AssertFailsAsync(69, $"{file} is a regular file, and no socket", "ls", "--switchboard", file);
        await AssertFailsAsync(69, $"{Board.Folder} is a folder, and no socket", "ls", "--switchboard", Board.Folder);
    }

    [Test]
    public async Task Cat_LabelsTaken_SaysSo()
    {
        await Board.FlowerReadyAsync("cat", "-l", "service=s");

        await AssertFailsAsync(69, "is registered", "cat", "-l", "service=s");
    }

    [Test]
    public async Task Cat_DoorForGrpc_IsNotASwitchboardsSocket() =>
        await AssertFailsAsync(
            69, $"{Board.Admin} is not a switchboard's socket", "cat", "--switchboard", Board.Admin, "a=1");

    [Test]
    public async Task Ingress_AddressInUse_NamesIt()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        string address = other.LocalEndPoint!.ToString()!;

        await AssertFailsAsync(69, $"{address} is in use", "ingress", "accept", address, "service=www");
    }

    private static TestCaseData Case(string name, int code, string words, params string[] args) =>
        new TestCaseData(code, words, args).SetArgDisplayNames(name);

    private async Task AssertFailsAsync(int code, string words, params string[] args)
    {
        FlowerProcess process = Board.Flower(args);

        Assert.That(await process.ExitAsync(), Is.EqualTo(code), process.Error.ToString());

        Assert.That(process.Out.Lines, Is.Empty);
        Assert.That(
            process.Error.Lines.Single(), Does.StartWith($"flower {args[0]}: ").And.Contain(words), "one line");
    }
}
