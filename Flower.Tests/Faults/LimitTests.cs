// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Tests.EndToEnd;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Faults;

/// <summary>A switchboard that reaches what the system lets it have: descriptors, memory, descriptors on their way.</summary>
[Category("EndToEnd")]
internal sealed class LimitTests
{
    private const int Descriptors = 600;

    private DirectoryInfo _folder = null!;

    private string Door => Path.Combine(_folder.FullName, "s.sock");

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("flower-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    // Of each connect that waits for its server, the switchboard holds both ends.
    [Test]
    public async Task Connect_NoDescriptorForAPair_IsRefusedAndTheOthersWaitOn()
    {
        await using FlowerProcess daemon = await StartAsync(
            Programs.Require("prlimit"), string.Create(CultureInfo.InvariantCulture, $"--nofile={Descriptors}"));
        await using Handle handle = await Handle.OpenAsync(Door);
        await using Listener silent = await handle.ListenAsync(Words("program=silent"), new() { Credit = 0 }).Within();
        await using Listener listener = await handle.ListenAsync(Words("program=x")).Within();
        Task serving = ServeAsync(listener);
        using var stop = new CancellationTokenSource();
        Task<FlowerException?>[] waiting = [.. Enumerable.Range(0, Descriptors / 2)
            .Select(_ => FailureAsync(handle, "program=silent", stop.Token))];

        FlowerException? first = await (await Task.WhenAny(waiting)).Within();

        Assert.That(first?.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted));
        Assert.That(first?.Message, Does.Contain("cannot make a socket pair").Or.Contain("no descriptor left"));
        Assert.That(handle.Closed.IsCompleted, Is.False, "the session ended");
        await stop.CancelAsync();
        await Task.WhenAll(waiting).Within();
        Assert.That(
            await Patience.UntilAsync(async () => await FailureAsync(handle, "program=x", default) is null), Is.True,
            "it did not recover");
        await listener.DisposeAsync();
        await serving.Within();
    }

    // The kernel counts descriptors that are on their way by the user who sends them (unix(7)): here, a switchboard of its own
    // user, with programs that take none.
    [Test]
    public async Task Descriptors_TooManyOnTheirWay_OthersWaitAndGoOnWhenTheyAreTaken()
    {
        if (Mono.Unix.Native.Syscall.geteuid() != 0)
        {
            Assert.Ignore("only root can start a switchboard of another user");
        }

        File.SetUnixFileMode(_folder.FullName, (UnixFileMode)0x1ff);
        await using FlowerProcess daemon = await StartAsync(
            Programs.Require("setpriv"), "--reuid=61001", "--clear-groups", "--inh-caps=-all", "--",
            Programs.Require("prlimit"), string.Create(CultureInfo.InvariantCulture, $"--nofile={Descriptors}"));
        await using Handle handle = await Handle.OpenAsync(Door);
        await using Listener listener = await handle.ListenAsync(Words("program=x")).Within();
        Task serving = ServeAsync(listener);
        Assert.That(await FailureAsync(handle, "program=x", default), Is.Null);
        var hoarders = new List<Party>();
        for (int i = 0; i < 4; i++)
        {
            Party hoarder = Party.Connect(Door);
            hoarders.Add(hoarder);
            // More in all than may be on their way, and fewer than the switchboard can hold back meanwhile.
            for (uint call = 1; call <= 180; call++)
            {
                hoarder.Ask(call, "ClientConnect", ClientConnectResponse.Parser, new ClientConnectRequest
                {
                    Labels = Words("program=x").ToMessage(),
                });
            }
        }

        Task<FlowerException?> meanwhile = FailureAsync(handle, "program=x", default);
        await Task.WhenAny(meanwhile, Task.Delay(TimeSpan.FromSeconds(1)));
        TestContext.Out.WriteLine($"while they hoard: {(meanwhile.IsCompleted ? "connected" : "waits")}");
        hoarders.ForEach(hoarder => hoarder.Dispose());

        Assert.That(await meanwhile.Within(), Is.Null);
        Assert.That(handle.Closed.IsCompleted, Is.False, "the session ended");
        await listener.DisposeAsync();
        await serving.Within();
        TestContext.Out.WriteLine(daemon.Error.ToString());
    }

    private async Task<FlowerProcess> StartAsync(params string[] before)
    {
        FlowerProcess daemon = FlowerProcess.Start(
            before[0], [.. before[1..], Programs.Flower, "switchboard", "--listen", Door]);
        try
        {
            await daemon.ReadyAsync();
            return daemon;
        }
        catch
        {
            await daemon.DisposeAsync();
            throw;
        }
    }

    private static LabelSet Words(string word) => LabelSet.ParseWords([word]);

    // Null: it succeeded, or was given up.
    private static async Task<FlowerException?> FailureAsync(
        Handle handle, string word, CancellationToken cancellationToken)
    {
        try
        {
            (await handle.ConnectAsync(Words(word), cancellationToken: cancellationToken).Within()).Dispose();
        }
        catch (FlowerException e)
        {
            return e;
        }
        catch (OperationCanceledException)
        {
            // Given up.
        }

        return null;
    }

    private static async Task ServeAsync(Listener listener)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            try
            {
                (await incoming.AcceptAsync()).Dispose();
            }
            catch (FlowerException)
            {
                // The client has gone.
            }
        }
    }
}
