// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Transport;
using Flower.Tests.EndToEnd;
using Grpc.Core;
using NUnit.Framework;

namespace Flower.Tests.Faults;

/// <summary>A switchboard that reaches what the system lets it have: descriptors, memory, descriptors on their way.</summary>
[Category("EndToEnd")]
internal sealed class LimitTests
{
    private const int Descriptors = 600;
    private const int Hoarders = 4;

    // More in all than may be on their way, and so many more as the switchboard can hold back.
    private const int Hoarded = 170;
    private const string Crowded = "ETOOMANYREFS";

    // Bytes, in hexadecimal digits as the runtime reads them: 32 MiB.
    private const string HeapLimit = "2000000";
    private const int TooManyTargets = 16_000;
    private const int TargetsOfASession = 1_000;

    private DirectoryInfo _folder = null!;
    private long _accepted;

    private string Door => Path.Combine(_folder.FullName, "s.sock");

    [SetUp]
    public void MakeFolder()
    {
        _folder = Directory.CreateTempSubdirectory("flower-");
        _accepted = 0;
    }

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
    // user, with programs that take none for longer than a program may leave its session unwritable.
    [Test]
    public async Task Descriptors_TooManyOnTheirWay_OthersWaitAndNothingIsLostWhenTheyAreTaken()
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
        int before = daemon.OpenDescriptors.Count;
        Party[] hoarders = [.. Enumerable.Range(0, Hoarders).Select(_ => Party.Connect(Door))];
        for (uint call = 1; call <= Hoarded; call++)
        {
            foreach (Party hoarder in hoarders)
            {
                hoarder.Ask(call, "ClientConnect", ClientConnectResponse.Parser, new ClientConnectRequest
                {
                    Labels = Words("program=x").ToMessage(),
                });
            }

            // While connects are under way, the switchboard holds both ends of each, of which it has no more either.
            long asked = 1 + (call * Hoarders);
            await Patience.UntilAsync(() => Task.FromResult(
                Volatile.Read(ref _accepted) >= asked || IsCrowded(daemon)));
        }

        await daemon.Error.AwaitLineAsync(Crowded);
        Task<FlowerException?> meanwhile = FailureAsync(handle, "program=x", default);
        await Task.Delay(PacketLimits.MaxUnwritable + TimeSpan.FromSeconds(1));
        Assert.That(meanwhile.IsCompleted, Is.False, "the kernel took more than the limit");
        Assert.That(handle.Closed.IsCompleted, Is.False, "who reads was ended for those who do not");
        await using (Handle other = await Handle.OpenAsync(Door))
        {
            // On a session of its own: within one, everything keeps its order.
            Assert.That((await other.StatsAsync().Within()).Servers, Is.EqualTo(1));
        }

        int connected = 0;
        foreach (Party hoarder in hoarders)
        {
            // The server was not reached in time with the last offers: whoever made those is told so.
            int[] codes = [.. Enumerable.Range(1, Hoarded).Select(call => (int)hoarder.HearEnd((uint)call).Code)];
            int taken = codes.Count(code => code == (int)StatusCode.OK);
            Assert.That(
                codes.Count(code => code == (int)StatusCode.DeadlineExceeded), Is.EqualTo(Hoarded - taken), "a connect was lost");
            Assert.That(hoarder.Held, Has.Count.EqualTo(taken), "a descriptor was lost");
            connected += taken;
        }

        Assert.That(connected, Is.GreaterThanOrEqualTo(Descriptors), "it was not the kernel's limit that was met");
        Assert.That((await meanwhile.Within())?.StatusCode, Is.Null.Or.EqualTo(StatusCode.DeadlineExceeded));
        Assert.That(await FailureAsync(handle, "program=x", default), Is.Null, "it did not recover");
        Array.ForEach(hoarders, hoarder => hoarder.Dispose());
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(daemon.OpenDescriptors.Count <= before)), Is.True,
            () => string.Join('\n', daemon.OpenDescriptors));
        Assert.That(
            daemon.Error.Lines.Count(line => line.Contains(Crowded, StringComparison.Ordinal)), Is.LessThan(5),
            "the log is flooded");
        await listener.DisposeAsync();
        await serving.Within();
    }

    // As with MemoryMax=, of which the runtime gives the heap three quarters.
    [Test]
    public async Task Memory_NearItsLimit_WhatStaysIsRefusedAndTheRestGoesOn()
    {
        await using FlowerProcess daemon = await StartAsync("env", "DOTNET_GCHeapHardLimit=" + HeapLimit);
        await using Handle handle = await Handle.OpenAsync(Door);
        await using Listener listener = await handle.ListenAsync(Words("program=x")).Within();
        Task serving = ServeAsync(listener);
        var sessions = new List<Handle>();
        FlowerException? refused = null;
        int registered = 0;
        for (; refused is null && registered < TooManyTargets; registered++)
        {
            if (registered % TargetsOfASession == 0)
            {
                sessions.Add(await Handle.OpenAsync(Door));
            }

            try
            {
                _ = await sessions[^1].ListenAsync(LabelSet.ParseWords(
                    [string.Create(CultureInfo.InvariantCulture, $"program=many{registered}"), "text=" + new string('x', 2000)]));
            }
            catch (FlowerException e)
            {
                refused = e;
            }
        }

        Assert.That(
            refused?.StatusCode, Is.EqualTo(StatusCode.ResourceExhausted),
            () => $"after {registered}: {refused?.Message}\n"
                + string.Join('\n', daemon.Error.Lines.Where(line => !line.StartsWith("info:", StringComparison.Ordinal))));
        Assert.That(refused!.Message, Does.Contain("short of memory").And.Contain("raise its limit"));
        for (int i = 0; i < 300; i++)
        {
            Assert.That(await FailureAsync(handle, "program=x", default), Is.Null);
        }

        await using (Handle onlooker = await Handle.OpenAsync(Door))
        {
            Assert.That((await onlooker.StatsAsync().Within()).Servers, Is.EqualTo(registered));
        }

        // What has gone makes room, as soon as the collector has looked.
        foreach (Handle session in sessions)
        {
            await session.DisposeAsync();
        }

        Assert.That(
            await Patience.UntilAsync(async () =>
            {
                try
                {
                    await (await handle.ListenAsync(Words("program=late")).Within()).DisposeAsync();
                    return true;
                }
                catch (FlowerException e) when (e.StatusCode == StatusCode.ResourceExhausted)
                {
                    return false;
                }
            }),
            Is.True);
        Assert.That(
            daemon.Error.Lines.Count(line => line.Contains("short of memory", StringComparison.Ordinal)), Is.InRange(1, 10));
        await listener.DisposeAsync();
        await serving.Within();
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

    private static bool IsCrowded(FlowerProcess daemon) =>
        daemon.Error.Lines.Any(line => line.Contains(Crowded, StringComparison.Ordinal));

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

    private async Task ServeAsync(Listener listener)
    {
        await foreach (IncomingConnection incoming in listener)
        {
            try
            {
                (await incoming.AcceptAsync()).Dispose();
                Interlocked.Increment(ref _accepted);
            }
            catch (FlowerException)
            {
                // The client has gone.
            }
        }
    }
}
