// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Grpc.Core;
using Microsoft.Win32.SafeHandles;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower watch</c> and <c>flower status</c>, Watch over the gRPC door, and over a switchboard that is replaced.
/// </summary>
public sealed class WatchCommandTests : EndToEndTest
{
    [Test]
    public async Task Watch_Json_OneLineAnEventWhateverTheLabels()
    {
        const string hostile = "\n{\"event\":\"forged\"}\u001b[31m";
        await using Handle handle = await Board.OpenAsync();
        FlowerProcess watch = Board.Flower("watch", "--json", "program=x");
        await watch.Out.AwaitLineAsync("\"snapshot-ended\"");

        await using (Listener listener = await handle.ListenAsync(LabelSet.Create(("program", "x"), ("evil", hostile))))
        {
            FlowerProcess cat = Board.Flower("cat", "program=x", "evil=other");
            Assert.That(await cat.ExitAsync(), Is.EqualTo(69));
        }

        await watch.Out.AwaitLineAsync("\"target-removed\"");
        watch.Signal(Signum.SIGINT);
        Assert.That(await watch.ExitAsync(), Is.EqualTo(130));
        Assert.That(watch.Error.Lines, Is.Empty);
        List<JsonElement> lines = [.. watch.Out.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.That(lines.Select(line => line.GetProperty("event").GetString()), Is.EqualTo(new[]
        {
            "snapshot-begun", "snapshot-ended", "target-added", "connect-asked", "connect-refused", "target-removed",
        }));
        Assert.That(lines[2].GetProperty("labels").GetProperty("evil").GetString(), Is.EqualTo(hostile));
        Assert.That(lines[2].GetProperty("sources").GetProperty("evil").GetString(), Is.EqualTo("claimed"));
        Assert.That(lines[4].GetProperty("status").GetString(), Is.EqualTo("NOT_FOUND"));
        Assert.That(
            lines[4].GetProperty("near_misses")[0].GetProperty("contradictions").GetProperty("evil").GetProperty("registered")
                .GetString(),
            Is.EqualTo(hostile));
    }

    [Test]
    public async Task Watch_OnATerminal_IsReadableAndSafe()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(
            LabelSet.Create(("program", "x"), ("evil", "\u001b[31m\n")), new() { Weight = 3 });

        // The label makes the terminal type Ctrl-C.
        await using Listener last = await handle.ListenAsync(LabelSet.Create(("program", "ready")));
        FlowerProcess terminal =
            Board.Program(Programs.Require("python3"), Programs.OnTerminal, Programs.Flower, "watch");
        Assert.That(await terminal.ExitAsync(), Is.Zero);

        Assert.That(terminal.Out.Lines[^1], Does.EndWith("exit 130"));
        string line = terminal.Out.Lines.Single(l => l.Contains("program=x"));
        Assert.That(line, Does.Match(@"^\d\d:\d\d:\d\d\.\d{3}  target-listed +target 1 server weight 3  evil=\?\[31m\? "));
    }

    [Test]
    public async Task Watch_ReaderDoesNotRead_SignalEndsIt()
    {
        await using Handle handle = await Board.OpenAsync();
        LabelSet labels = LabelSet.Create(("program", new string('x', 1000)));
        FlowerProcess watch = Board.FlowerRaw("watch");
        using (var pipe = new SafeFileHandle(
            Syscall.open($"/proc/{watch.Id}/fd/1", OpenFlags.O_WRONLY | OpenFlags.O_NONBLOCK), ownsHandle: true))
        {
            while (Polling.IsReady(pipe, Readiness.Write))
            {
                Assert.That(watch.HasExited, Is.False);
                await Assert.ThrowsAsync<FlowerException>(() => handle.ConnectAsync(labels));
            }
        }

        watch.Signal(Signum.SIGINT);

        Assert.That(await Patience.UntilAsync(() => Task.FromResult(watch.HasExited)), Is.True, "it waits for its reader");
        watch.RawOutput.Dispose();
        Assert.That(await watch.ExitAsync(), Is.EqualTo(130));
    }

    [Test]
    public async Task Watch_NobodyReads_EndsAtOnce()
    {
        FlowerProcess watch = Board.FlowerRaw("watch");
        using (var reader = new StreamReader(watch.RawOutput))
        {
            Assert.That(await reader.ReadLineAsync().Within(), Does.Contain("snapshot-begun"));
        }

        Assert.That(await watch.ExitAsync(), Is.Zero, "and nothing happens that it could write");
        Assert.That(watch.Error.Lines, Is.Empty);
    }

    [Test]
    public async Task Watch_SwitchboardReplacedThenKilled_GoesOnWithSnapshots()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["program=x"]));
        FlowerProcess watch = Board.Flower("watch");
        await watch.Out.AwaitLineAsync("\"snapshot-ended\"");
        ulong before = Sequences(watch)[^1];

        await Board.ReplaceAsync();
        await watch.Out.AwaitLineAsync("\"snapshot-begun\",\"missed\":null");
        await using Listener second = await handle.ListenAsync(LabelSet.ParseWords(["program=y"]));
        await watch.Out.AwaitLineAsync("\"target-added\"", "\"program\":\"y\"");
        Assert.That(Sequences(watch)[^1], Is.GreaterThan(before), "the numbers go on");

        await Board.KillDaemonAsync();
        await watch.Error.AwaitLineAsync("flower watch: the switchboard has gone: waiting for it");
        await Board.StartAsync();
        await using Handle other = await Board.OpenAsync();
        await using Listener third = await other.ListenAsync(LabelSet.ParseWords(["program=z"]));
        await watch.Out.AwaitLineAsync("\"program\":\"z\"");
        Assert.That(watch.Out.Lines.Count(l => l.Contains("\"snapshot-begun\",\"missed\":null")), Is.EqualTo(2));
        Assert.That(watch.Out.Lines.Count(l => l.Contains("\"snapshot-begun\",\"missed\":0")), Is.EqualTo(1));
    }

    [Test]
    public async Task Watch_ReplacedWhileASnapshotWaitsToBeRead_AWholeOneFollows()
    {
        const int targets = 400;
        await using Handle handle = await Board.OpenAsync();
        var listeners = new List<Listener>();
        for (int i = 0; i < targets; i++)
        {
            listeners.Add(await handle.ListenAsync(LabelSet.ParseWords([$"service={i}", "blob=" + new string('x', 4000)])));
        }

        // More than the switchboard may send before it is read.
        await using SessionChannel channel = SessionChannel.ConnectPath(Board.Handle);
        using AsyncServerStreamingCall<WatchResponse> call =
            new Flower.Protocol.V1.Switchboard.SwitchboardClient(channel).Watch(new());
        await NextAsync(call, told => told.SnapshotBegun is { HasMissed: true, Missed: 0 });

        await Board.ReplaceAsync();

        await NextAsync(call, told => told.SnapshotEnded is null && told.SnapshotBegun is { HasMissed: false });
        var listed = new List<ulong>(
            call.ResponseStream.Current.Events.Where(told => told.Target is not null).Select(told => told.Target.TargetId));
        do
        {
            Assert.That(await call.ResponseStream.MoveNext(CancellationToken.None).Within(), Is.True);
            Assert.That(call.ResponseStream.Current.Events.Where(told => told.SnapshotBegun is not null), Is.Empty);
            listed.AddRange(call.ResponseStream.Current.Events
                .Where(told => told.Target is not null).Select(told => told.Target.TargetId));
        }
        while (call.ResponseStream.Current.Events[^1].SnapshotEnded is null);

        Assert.That(listed, Has.Count.EqualTo(targets).And.Unique);
        foreach (Listener listener in listeners)
        {
            await listener.DisposeAsync();
        }
    }

    [Test]
    public async Task Watch_OverTheGrpcDoor_TellsAndEndsWithTheSwitchboard()
    {
        using var door = new GrpcDoor(Board.Admin);
        using AsyncServerStreamingCall<WatchResponse> call =
            door.Switchboard.Watch(new() { Labels = LabelSet.ParseWords(["program=x"]).ToMessage() });
        await NextAsync(call, told => told.SnapshotEnded is not null);

        await using (Handle handle = await Board.OpenAsync())
        {
            await using Listener other = await handle.ListenAsync(LabelSet.ParseWords(["program=other"]));
            await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["program=x"]));
            Event added = await NextAsync(call, told => told.Target is not null);
            Assert.That(added.Target.Change, Is.EqualTo(TargetChange.Added));
            Assert.That(added.Target.Target.Labels.Single(l => l.Key == "program").Value, Is.EqualTo("x"));
            StatsResponse stats = await door.Switchboard.StatsAsync(new(), deadline: GrpcDoor.Deadline);
            Assert.That((stats.Servers, stats.Watchers, stats.GrpcDoor), Is.EqualTo((2u, 1u, Board.Admin)));
        }

        // Nobody waits for a call that has no end.
        Board.Daemon.Signal(Signum.SIGTERM);
        RpcException? end = null;
        try
        {
            await NextAsync(call, told => false);
        }
        catch (RpcException e)
        {
            end = e;
        }

        Assert.That(end?.StatusCode, Is.EqualTo(StatusCode.Unavailable));
        Assert.That(end?.Status.Detail, Is.EqualTo("the switchboard is stopping"));
        Assert.That(await Board.Daemon.ExitAsync(), Is.Zero);
        await Board.TakeDaemon().DisposeAsync();
    }

    [Test]
    public async Task Status_AfterSome_IsOneLineOfJsonAndAScreenOnATerminal()
    {
        await using Handle handle = await Board.OpenAsync();
        await using Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["program=x"]));
        await Board.Flower("cat", "program=none").ExitAsync();

        FlowerProcess status = Board.Flower("status");
        Assert.That(await status.ExitAsync(), Is.Zero);
        JsonElement line = JsonDocument.Parse(status.Out.Lines.Single()).RootElement;
        Assert.That(line.GetProperty("pid").GetInt32(), Is.EqualTo(Board.Daemon.Id));
        Assert.That(line.GetProperty("handle_door").GetString(), Is.EqualTo(Board.Handle));
        Assert.That(line.GetProperty("targets").GetProperty("servers").GetInt32(), Is.EqualTo(1));
        Assert.That(
            line.GetProperty("connects").GetProperty("refused").GetProperty("NOT_FOUND").GetInt32(), Is.EqualTo(1));
        Assert.That(
            line.GetProperty("last_refusals")[0].GetProperty("reason").GetString(), Is.EqualTo("nothing matches program=none"));

        FlowerProcess terminal =
            Board.Program(Programs.Require("python3"), Programs.OnTerminal, Programs.Flower, "status");
        Assert.That(await terminal.ExitAsync(), Is.Zero);
        Assert.That(terminal.Out.Lines[0], Does.Match(@"flower \d+\.\d+\.\d+, pid \d+, up \d+s$"));
        Assert.That(terminal.Out.ToString(), Does.Contain("1 server, 0 activators"));
        Assert.That(terminal.Out.ToString(), Does.Contain("ClientConnect of pid").And.Contain("NOT_FOUND: nothing matches"));
        Assert.That(terminal.Out.Lines.Count, Is.LessThan(25));
        Assert.That(terminal.Out.Lines[^1], Is.EqualTo("exit 0"));
    }

    private static ulong[] Sequences(FlowerProcess watch) =>
        [.. watch.Out.Lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("sequence").GetUInt64())];

    private static async Task<Event> NextAsync(AsyncServerStreamingCall<WatchResponse> call, Func<Event, bool> isWanted)
    {
        while (await call.ResponseStream.MoveNext(CancellationToken.None).Within())
        {
            if (call.ResponseStream.Current.Events.FirstOrDefault(isWanted) is Event told)
            {
                return told;
            }
        }

        throw new AssertionException("the call has ended");
    }
}
