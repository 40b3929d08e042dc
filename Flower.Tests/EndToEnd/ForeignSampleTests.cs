// SPDX-License-Identifier: BSD-2-Clause
using System.Security.Cryptography;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>The samples in other languages (samples/README.md), which know docs/protocol.md and nothing of this code.</summary>
public sealed class ForeignSampleTests : EndToEndTest
{
    private string _client = "";

    private string[] _arguments = [];

    [TestCase("python")]
    [TestCase("c")]
    public async Task Client_OfAnEcho_TalksBothWays(string language)
    {
        await PrepareAsync(language);
        FlowerProcess server = Board.Program(Programs.Sample("EchoServer"), "service=echo", "tenant=blue");
        await server.Out.AwaitLineAsync("listening:");
        FlowerProcess client = Start("service=echo");

        await client.WriteLineAsync("there and back");
        await client.Out.AwaitLineAsync("there and back");
        client.CloseInput();

        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
    }

    [TestCase("python")]
    [TestCase("c")]
    public async Task Client_OfMegabytesWithManyLongLabels_GetsThemBack(string language)
    {
        await PrepareAsync(language);
        string[] more = [.. Enumerable.Range(0, 30).Select(n => $"key{n}={new string('x', 400)}")];
        FlowerProcess server = Board.Program(Programs.Sample("EchoServer"), "service=echo");
        await server.Out.AwaitLineAsync("listening:");
        FlowerProcess client = Board.ProgramRaw(_client, [.. _arguments, "service=echo", .. more]);
        byte[] sent = RandomNumberGenerator.GetBytes(5_000_000);

        Task sending = client.Input.WriteAsync(sent).AsTask();
        using var received = new MemoryStream();
        Task receiving = client.RawOutput.CopyToAsync(received);
        await sending.Within();
        client.CloseInput();
        await receiving.Within();

        Assert.That(received.ToArray().AsSpan().SequenceEqual(sent), Is.True);
        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
    }

    [TestCase("python")]
    [TestCase("c")]
    public async Task Client_NobodyThere_SaysWhatTheBoardSays(string language)
    {
        await PrepareAsync(language);

        FlowerProcess client = Start("service=echo");

        Assert.That(await client.ExitAsync(), Is.EqualTo(1));
        Assert.That(client.Error.Lines.Single(), Does.Contain("nothing matches service=echo"));
    }

    private async Task PrepareAsync(string language)
    {
        string folder = Path.Combine(Programs.Root, "samples", language);
        if (language == "python")
        {
            (_client, _arguments) = (Programs.Require("python3"), [Path.Combine(folder, "connect.py")]);
            return;
        }

        (_client, _arguments) = (Path.Combine(Board.Folder, "connect"), []);
        FlowerProcess compiler = Board.Program(
            Programs.Require("clang"), "-Wall", "-Wextra", "-Werror", "-o", _client, Path.Combine(folder, "connect.c"));
        Assert.That(await compiler.ExitAsync(), Is.Zero, compiler.Error.ToString());
    }

    private FlowerProcess Start(params string[] labels) => Board.Program(_client, [.. _arguments, .. labels]);
}
