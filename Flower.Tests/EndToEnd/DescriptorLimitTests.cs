// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A switchboard whose descriptors are used up, by sessions that do nothing.</summary>
[Category("EndToEnd")]
public sealed class DescriptorLimitTests
{
    // More than the runtime itself needs, assemblies among them.
    private const int Limit = 600;
    private const int AtOnce = 200;

    [Test]
    public async Task Push_DescriptorsUsedUp_FailsTheCallsConcernedAndTheSessionGoesOn()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("flower-");
        string path = Path.Combine(folder.FullName, "s.sock");
        try
        {
            await using var daemon = FlowerProcess.Start(
                Programs.Require("prlimit"), [$"--nofile={Limit}", Programs.Flower, "switchboard", "--listen", path]);
            await daemon.ReadyAsync();
            await using Client.Handle handle = await Client.Handle.OpenAsync(path);
            await UseUpAsync(daemon, handle, path);
            Assert.That(
                daemon.Error.Lines.Count(line => line.Contains("sessions wait")), Is.LessThan(5), "the log is flooded");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task UseUpAsync(FlowerProcess daemon, Client.Handle handle, string path)
    {
        // Takes nothing unseen and answers nothing: what is pushed waits on the board.
        await using Listener silent =
            await handle.ListenAsync(LabelSet.Create(("a", "silent")), new() { Credit = 0 }).Within();
        await using Listener listener = await handle.ListenAsync(LabelSet.Create(("a", "1"))).Within();
        Task serving = ServeAsync(listener);
        await PushAsync(handle, "1");
        await Assert.ThrowsAsync<FlowerException>(() => PushAsync(handle, "nobody"));

        Descriptor[] idle = [.. Enumerable.Range(0, Limit).Select(_ => UnixSocket.ConnectPackets(path))];
        await daemon.Error.AwaitLineAsync("sessions wait");
        await PushAsync(handle, "1");
        using var stop = new CancellationTokenSource();
        Task<FlowerException?>[] pushes = [.. Enumerable.Range(0, AtOnce).Select(_ => FailureAsync(handle, stop.Token))];
        FlowerException? first = await (await Task.WhenAny(pushes)).Within();
        Assert.That(first?.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(handle.Closed.IsCompleted, Is.False, "the session ended");

        await stop.CancelAsync();
        await Task.WhenAll(pushes).Within();
        foreach (Descriptor session in idle)
        {
            session.Dispose();
        }

        Assert.That(await Patience.UntilAsync(() => SucceedsAsync(handle)), Is.True, "it did not recover");
        await listener.DisposeAsync();
        await serving.Within();
    }

    private static async Task<FlowerException?> FailureAsync(Client.Handle handle, CancellationToken cancellationToken)
    {
        try
        {
            await PushAsync(handle, "silent", cancellationToken);
        }
        catch (FlowerException e)
        {
            return e;
        }
        catch (OperationCanceledException)
        {
            // Given up, as it waited for its server.
        }

        return null;
    }

    private static async Task<bool> SucceedsAsync(Client.Handle handle)
    {
        try
        {
            await PushAsync(handle, "1");
            return true;
        }
        catch (FlowerException e) when (e.StatusCode == StatusCode.ResourceExhausted)
        {
            return false;
        }
    }

    private static async Task PushAsync(
        Client.Handle handle, string value, CancellationToken cancellationToken = default)
    {
        (Descriptor ours, Descriptor theirs) = UnixSocket.StreamPair();
        using (ours)
        {
            await handle.PushDescriptorAsync(
                theirs, LabelSet.Create(("a", value)), cancellationToken: cancellationToken).Within();
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
