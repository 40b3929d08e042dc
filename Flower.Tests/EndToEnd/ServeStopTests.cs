// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Grpc.Core;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>How <c>flower serve</c> ends: after its children, or with them.</summary>
public sealed class ServeStopTests : EndToEndTest
{
    [TestCase(Signum.SIGTERM)]
    [TestCase(Signum.SIGINT)]
    public async Task Stop_OnceWhileServing_UnregistersAndWaits(Signum signal)
    {
        FlowerProcess serve = await ServeAsync("service=echo", "--", "cat");
        await using Client.Handle handle = await Board.OpenAsync();
        using Dialogue client = await OpenAsync(handle);

        serve.Signal(signal);

        await UnregisteredAsync(handle);
        await client.SayAsync("still served");
        Assert.That(await client.HearAsync(), Is.EqualTo("still served"));
        Assert.That(serve.HasExited, Is.False);
        client.SayNoMore();
        Assert.That(await client.HearAsync(), Is.Null);
        Assert.That(await serve.ExitAsync(), Is.Zero);
        Assert.That(serve.Error.Lines, Has.Count.EqualTo(1), serve.Error.ToString());
    }

    [Test]
    public async Task Stop_Twice_PassesSigtermOnAndEnds()
    {
        FlowerProcess serve =
            await ServeAsync("service=echo", "--", "sh", "-c", "trap 'echo told; exit' TERM; echo up; cat");
        await using Client.Handle handle = await Board.OpenAsync();
        using Dialogue client = await OpenAsync(handle);
        Assert.That(await client.HearAsync(), Is.EqualTo("up"));

        serve.Signal(Signum.SIGTERM);
        await UnregisteredAsync(handle);
        serve.Signal(Signum.SIGTERM);

        Assert.That(await serve.ExitAsync(), Is.Zero);
        client.SayNoMore();
        Assert.That(await client.HearAsync(), Is.EqualTo("told"));
        Assert.That(await client.HearAsync(), Is.Null);
    }

    [Test]
    public async Task Stop_DrainTimePasses_EndsTheChildren()
    {
        FlowerProcess serve = await ServeAsync("--drain", "100ms", "service=echo", "--", "cat");
        await using Client.Handle handle = await Board.OpenAsync();
        using Dialogue client = await OpenAsync(handle);

        serve.Signal(Signum.SIGTERM);

        Assert.That(await serve.ExitAsync(), Is.Zero);
        Assert.That(await client.HearAsync(), Is.Null);
    }

    [Test]
    public async Task Switchboard_Gone_ServesOnAndWaitsForItUntilStopped()
    {
        FlowerProcess serve = await ServeAsync("--max", "1", "service=echo", "--", "cat");
        await using Client.Handle handle = await Board.OpenAsync();
        using Dialogue client = await OpenAsync(handle);

        await Board.EndDaemonAsync();

        await client.SayAsync("still served");
        Assert.That(await client.HearAsync(), Is.EqualTo("still served"));
        await serve.Error.AwaitLineAsync("flower serve: the switchboard has gone: waiting for it");
        client.SayNoMore();
        Assert.That(await client.HearAsync(), Is.Null);
        Assert.That(serve.HasExited, Is.False);
        serve.Signal(Signum.SIGTERM);
        Assert.That(await serve.ExitAsync(), Is.Zero);
    }

    private Task<FlowerProcess> ServeAsync(params string[] args) => Board.FlowerReadyAsync(["serve", .. args]);

    private static Task<Dialogue> OpenAsync(Client.Handle handle) => Dialogue.OpenAsync(handle, ("service", "echo"));

    private static async Task UnregisteredAsync(Client.Handle handle) => Assert.That(
        await Patience.UntilAsync(async () =>
        {
            try
            {
                using Dialogue _ = await OpenAsync(handle);
                return false;
            }
            catch (FlowerException e)
            {
                return e.StatusCode == StatusCode.NotFound;
            }
        }),
        Is.True);
}
