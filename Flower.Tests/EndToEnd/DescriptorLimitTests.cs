// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Client;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A switchboard whose descriptors are used up, by sessions that do nothing.</summary>
public sealed class DescriptorLimitTests : EndToEndTest
{
    private const int Left = 40;

    [Test]
    public async Task Push_NoDescriptorLeft_FailsThatCallAndTheSessionGoesOn()
    {
        string prlimit = Programs.Require("prlimit");
        await using Client.Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.Create(("a", "1"))).Within();
        Task serving = ServeAsync(listener);
        await PushAsync(handle);
        int used = Directory.GetFileSystemEntries($"/proc/{Board.Daemon.Id}/fd").Max(fd =>
            int.Parse(Path.GetFileName(fd), CultureInfo.InvariantCulture));
        FlowerProcess limiting =
            Board.Program(prlimit, $"--nofile={used + Left}", "--pid", $"{Board.Daemon.Id}");
        Assert.That(await limiting.ExitAsync(), Is.Zero);
        Board.ExpectInLog("cannot accept");

        Descriptor[] idle = [.. Enumerable.Range(0, used + Left).Select(_ => UnixSocket.ConnectPackets(Board.Handle))];
        await Board.Daemon.Error.AwaitLineAsync("cannot accept");
        FlowerException? refused = await Assert.ThrowsAsync<FlowerException>(() => PushAsync(handle));
        Assert.That(refused!.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(handle.Closed.IsCompleted, Is.False, "the session ended");

        foreach (Descriptor session in idle)
        {
            session.Dispose();
        }

        Assert.That(await Patience.UntilAsync(() => SucceedsAsync(handle)), Is.True, "it did not recover");
        Assert.That(Board.Daemon.Error.Lines.Count(line => line.Contains("cannot accept")), Is.LessThan(5), "a flood");
        await listener.DisposeAsync();
        await serving.Within();
    }

    private static async Task<bool> SucceedsAsync(Client.Handle handle)
    {
        try
        {
            await PushAsync(handle);
            return true;
        }
        catch (FlowerException e) when (e.StatusCode == StatusCode.ResourceExhausted)
        {
            return false;
        }
    }

    private static async Task PushAsync(Client.Handle handle)
    {
        (Descriptor ours, Descriptor theirs) = UnixSocket.StreamPair();
        using (ours)
        {
            await handle.PushDescriptorAsync(theirs, LabelSet.Create(("a", "1"))).Within();
        }
    }

    private static async Task ServeAsync(Listener listener)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            (await incoming.AcceptAsync()).Dispose();
        }
    }
}
