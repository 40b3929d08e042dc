// SPDX-License-Identifier: BSD-2-Clause
using System.Security.Cryptography;
using System.Text.Json;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower cat</c>, on real pipes.</summary>
public sealed class CatTests : EndToEndTest
{
    private const int HundredMegabytes = 100_000_000;

    [Test]
    public async Task Cat_StandardInputClosed_SendsNothing()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=demo");

        FlowerProcess client = Board.Program("/bin/sh", "-c", "exec \"$0\" cat program=demo <&-", Programs.Flower);

        server.CloseInput();
        Assert.That(await client.ExitAsync(), Is.Zero);
        Assert.That(await server.ExitAsync(), Is.Zero);
        Assert.That(server.Out.Lines, Is.Empty);
    }

    [Test]
    public async Task Cat_HundredMegabytesBothWays_ArriveUnchanged()
    {
        FlowerProcess server = Board.FlowerRaw("cat", "-l", "program=copy");
        await server.ReadyAsync();
        FlowerProcess client = Board.FlowerRaw("cat", "program=copy");

        string[] hashes = await Task.WhenAll(
            FillAsync(client, seed: 1), DrainAsync(server), FillAsync(server, seed: 2), DrainAsync(client))
            .WaitAsync(4 * Patience.Limit);

        Assert.That(hashes[1], Is.EqualTo(hashes[0]));
        Assert.That(hashes[3], Is.EqualTo(hashes[2]));
        Assert.That(hashes[0], Is.Not.EqualTo(hashes[2]));
        Assert.That(await client.ExitAsync(), Is.Zero);
        Assert.That(await server.ExitAsync(), Is.Zero);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Cat_OneSideEndsEarly_OtherStillSends(bool clientEndsFirst)
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=half");
        FlowerProcess client = Board.Flower("cat", "program=half");
        (FlowerProcess early, FlowerProcess late) = clientEndsFirst ? (client, server) : (server, client);

        await early.WriteLineAsync("first and last");
        early.CloseInput();
        await late.Out.AwaitLineAsync("first and last");
        await late.WriteLineAsync("still here");
        await early.Out.AwaitLineAsync("still here");
        await late.WriteLineAsync("and again");
        await early.Out.AwaitLineAsync("and again");
        Assert.That(early.HasExited, Is.False);
        late.CloseInput();

        Assert.That(await early.ExitAsync(), Is.Zero);
        Assert.That(await late.ExitAsync(), Is.Zero);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Cat_PeerKilled_ExitsWithoutWaitingForInput(bool killClient)
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=gone");
        FlowerProcess client = Board.Flower("cat", "program=gone");
        (FlowerProcess victim, FlowerProcess survivor) = killClient ? (client, server) : (server, client);
        await victim.WriteLineAsync("hello");
        await survivor.Out.AwaitLineAsync("hello");

        victim.Kill();

        Assert.That(await survivor.ExitAsync(), Is.Zero);
        Assert.That(survivor.Error.Lines, Is.Empty);
    }

    [Test]
    public async Task Cat_KeepListening_ServesOneAfterAnother()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "-k", "program=keep");
        server.CloseInput();
        foreach (string word in new[] { "one", "two", "three" })
        {
            FlowerProcess client = Board.Flower("cat", "program=keep");
            await client.WriteLineAsync(word);
            client.CloseInput();
            Assert.That(await client.ExitAsync(), Is.Zero);
            await server.Out.AwaitLineAsync(word);
        }

        server.Signal(Signum.SIGTERM);

        Assert.That(await server.ExitAsync(), Is.EqualTo(143));
        Assert.That(server.Out.Lines, Is.EqualTo(new[] { "one", "two", "three" }));
    }

    [Test]
    public async Task Cat_VerboseAndJson_PrintLabelsOfBothSides()
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "-v", "program=say", "tenant=blue");
        FlowerProcess client = Board.Flower("cat", "--json", "program=say", "color=red");
        server.CloseInput();
        client.CloseInput();
        Assert.That(await client.ExitAsync(), Is.Zero);
        Assert.That(await server.ExitAsync(), Is.Zero);

        Assert.That(server.Error.Lines, Does.Contain("color=red (claimed)"));
        Assert.That(server.Error.Lines, Does.Contain("tenant=blue (claimed)"));
        Assert.That(server.Error.Lines, Does.Contain($"flower.client_pid={client.Id} (attested)"));
        using JsonDocument report = JsonDocument.Parse(client.Error.Lines.Single());
        Assert.That(report.RootElement.GetProperty("event").GetString(), Is.EqualTo("connected"));
        Assert.That(report.RootElement.GetProperty("labels").GetProperty("tenant").GetString(), Is.EqualTo("blue"));
        Assert.That(
            report.RootElement.GetProperty("sources").GetProperty("color").GetString(), Is.EqualTo("claimed"));
    }

    [TestCase(Signum.SIGINT, 130)]
    [TestCase(Signum.SIGTERM, 143)]
    public async Task Cat_Signalled_ExitsWithItsNumber(Signum signal, int code)
    {
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "program=stop");

        server.Signal(signal);

        Assert.That(await server.ExitAsync(), Is.EqualTo(code));
        Assert.That(server.Error.Lines, Is.Empty);
    }

    private static async Task<string> FillAsync(FlowerProcess process, int seed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var random = new Random(seed);
        byte[] buffer = new byte[64 * 1024];
        for (int left = HundredMegabytes; left > 0; left -= buffer.Length)
        {
            random.NextBytes(buffer);
            Memory<byte> part = buffer.AsMemory(0, Math.Min(left, buffer.Length));
            hash.AppendData(part.Span);
            await process.Input.WriteAsync(part);
        }

        process.CloseInput();
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static async Task<string> DrainAsync(FlowerProcess process) =>
        Convert.ToHexString(await SHA256.HashDataAsync(process.RawOutput));
}
