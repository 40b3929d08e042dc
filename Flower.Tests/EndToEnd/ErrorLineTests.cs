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
        yield return Case("NoSubcommand", 64, "a subcommand is missing", "ingress");
        yield return Case("BadAtEof", 64, "half-close", "cat", "--at-eof", "never", "program=x");
        yield return Case("BadTimeout", 64, "is not a duration", "cat", "-w", "soon", "program=x");
        yield return Case("ExecAndInput", 64, "standard input is not used", "cat", "-d", "--exec", "true", "program=x");
        yield return Case("BadBalance", 64, "round-robin", "explain", "--balance", "best", "program=x");
        yield return Case("ExplainNowhere", 69, "no switchboard at fd:99", "explain", "--switchboard", "fd:99");
        yield return Case("NotFound", 69, "nothing matches", "cat", "program=nowhere");
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
