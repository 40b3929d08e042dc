// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A tap that must end: its handle is revoked, or it is stopped while nobody reads what it writes.</summary>
public sealed class TapEndTests : TapTest
{
    [TestCase(false)]
    [TestCase(true)]
    public async Task Revoked_WhatItRelaysEndsAtOnce(bool drains)
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["service=www"]));
        FlowerProcess tap = await TapAsync("--drain", "10m");
        (Connection atClient, Connection atServer) = await JoinAsync(handle, listener, "service=www");
        using Connection client = atClient;
        using Connection server = atServer;
        AssertTalk(client, server);
        if (drains)
        {
            tap.Signal(Signum.SIGTERM);
            await tap.Error.AwaitLineAsync("1 connection is still tapped: waiting 600s for the end");
        }

        ulong id = (await handle.HandlesAsync().ToListAsync()).Single(h => h.Owners.Any(owner => owner.Id == tap.Id)).Id;
        Board.ExpectInLog("the handle was revoked");
        FlowerProcess revoke = Board.Flower("revoke", $"{id}");
        Assert.That(await revoke.ExitAsync(), Is.Zero, revoke.Error.ToString());

        Assert.That(client.Socket.Receive(new byte[1]), Is.Zero);
        Assert.That(server.Socket.Receive(new byte[1]), Is.Zero);
        Assert.That(await tap.ExitAsync(), Is.EqualTo(77), tap.Error.ToString());
        Assert.That(tap.Error.ToString(), Does.Contain("the handle was revoked"));
    }

    [Test]
    public async Task Output_NobodyReads_SecondSignalEndsTheTap()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["service=www"]));
        FlowerProcess tap = Board.FlowerRaw("tap", "-X", "service=www");
        await tap.ReadyAsync();
        (Connection atClient, Connection atServer) = await JoinAsync(handle, listener, "service=www");
        using Connection client = atClient;
        using Connection server = atServer;
        Fill(client, server);

        tap.Signal(Signum.SIGINT);
        await tap.Error.AwaitLineAsync("1 connection is still tapped: waiting 30s for the end");
        tap.Signal(Signum.SIGINT);

        await EndsAsync(tap);
    }

    // One more connection, whose line cannot be written: then nothing is read from the switchboard, either.
    [Test]
    public async Task Output_NobodyReads_TimeToDrainEndsTheTap()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["service=www"]));
        FlowerProcess tap = Board.FlowerRaw("tap", "-w", "-", "--drain", "100ms", "service=www");
        await tap.ReadyAsync();
        (Connection atClient, Connection atServer) = await JoinAsync(handle, listener, "service=www");
        using Connection client = atClient;
        using Connection server = atServer;
        Fill(client, server);
        (Connection nextClient, Connection nextServer) = await JoinAsync(handle, listener, "service=www");
        using Connection next = nextClient;
        using Connection nextPeer = nextServer;

        tap.Signal(Signum.SIGTERM);

        await EndsAsync(tap);
        Assert.That(next.Socket.Receive(new byte[1]), Is.Zero);
    }

    // Sends until nobody takes any more; what arrives is read.
    private static void Fill(Connection client, Connection server)
    {
        Task reading = Task.Run(() =>
        {
            try
            {
                while (server.Socket.Receive(new byte[64 * 1024]) > 0)
                {
                }
            }
            catch (SocketException)
            {
                // The test is over.
            }
        });
        byte[] part = new byte[64 * 1024];
        client.Socket.Blocking = false;
        while (client.Socket.Poll(TimeSpan.FromSeconds(1), SelectMode.SelectWrite))
        {
            client.Socket.Send(part);
            Assert.That(reading.IsCompleted, Is.False);
        }

        client.Socket.Blocking = true;
    }

    private static async Task EndsAsync(FlowerProcess tap)
    {
        bool hasEnded = await Patience.UntilAsync(() => Task.FromResult(tap.HasExited));
        Assert.That(hasEnded, Is.True, tap.Error.ToString());
        tap.RawOutput.Dispose();
        Assert.That(await tap.ExitAsync(), Is.Zero, tap.Error.ToString());
    }
}
