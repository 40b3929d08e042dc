// SPDX-License-Identifier: BSD-2-Clause
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// A switchboard of the real program in a directory of its own, and the processes that a test starts beside it. At the
/// end it must stop by itself, leave no socket, have said nothing unexpected and hold no more descriptors than at first.
/// </summary>
internal sealed class SwitchboardFixture : IAsyncDisposable
{
    private readonly List<FlowerProcess> _children = [];
    private readonly List<string> _expected = [];
    private FlowerProcess? _daemon;
    private IReadOnlyList<string> _descriptors = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("flower-").FullName;

    public string Handle => Path.Combine(Folder, "switchboard.sock");

    public string Admin => Path.Combine(Folder, "admin.sock");

    public FlowerProcess Daemon => _daemon ?? throw new InvalidOperationException("the switchboard was not started");

    public async Task StartAsync(params string[] more)
    {
        _daemon = StartProcess(more);
        await _daemon.ReadyAsync();
        _descriptors = _daemon.OpenDescriptors;
    }

    /// <summary>Lets another daemon take the place of the one that runs, which must then end by itself.</summary>
    public async Task ReplaceAsync(params string[] more)
    {
        await using FlowerProcess old = Daemon;
        _daemon = StartProcess(["--replace", .. more]);
        await _daemon.ReadyAsync();
        Assert.That(await old.ExitAsync(), Is.Zero, old.Error.ToString());
        Assert.That(old.Error.Lines.Where(IsBad), Is.Empty);
    }

    /// <summary>The daemon, which the test stops by itself.</summary>
    public FlowerProcess TakeDaemon()
    {
        FlowerProcess daemon = Daemon;
        _daemon = null;
        return daemon;
    }

    /// <summary>The log may have warnings and errors with these words; at least one line must.</summary>
    public void ExpectInLog(string words) => _expected.Add(words);

    /// <summary>Starts <c>flower</c>, which ends with the test at the latest.</summary>
    public FlowerProcess Flower(params string[] args) => Keep(FlowerProcess.Start(Programs.Flower, args, Handle));

    /// <summary>The same, for a test that reads standard output itself.</summary>
    public FlowerProcess FlowerRaw(params string[] args) =>
        Keep(FlowerProcess.Start(Programs.Flower, args, Handle, rawOutput: true));

    /// <summary>The same, for one that says READY=1.</summary>
    public async Task<FlowerProcess> FlowerReadyAsync(params string[] args)
    {
        FlowerProcess process = Flower(args);
        await process.ReadyAsync();
        return process;
    }

    /// <summary>Starts another program.</summary>
    public FlowerProcess Program(string program, params string[] args) =>
        Keep(FlowerProcess.Start(program, args, Handle));

    /// <summary>The same, for a test that reads standard output itself.</summary>
    public FlowerProcess ProgramRaw(string program, params string[] args) =>
        Keep(FlowerProcess.Start(program, args, Handle, rawOutput: true));

    public Task<Client.Handle> OpenAsync() => Client.Handle.OpenAsync(Handle);

    /// <summary>Stops the daemon before the test's end, while others still use it.</summary>
    public async Task EndDaemonAsync()
    {
        Daemon.Signal(Signum.SIGTERM);
        Assert.That(await Daemon.ExitAsync(), Is.Zero);
        _daemon = null;
    }

    /// <summary>Kills the daemon; <see cref="StartAsync"/> starts another one in its place.</summary>
    public async Task KillDaemonAsync()
    {
        Daemon.Kill();
        await Daemon.ExitAsync();
        await Daemon.DisposeAsync();
        _daemon = null;
    }

    /// <summary>Stops the daemon by a signal, and checks all that must hold at its end.</summary>
    public async Task StopAsync(Signum signal = Signum.SIGTERM)
    {
        await EndChildrenAsync();
        if (_daemon is null)
        {
            return;
        }

        bool settled = await Patience.UntilAsync(() => Task.FromResult(
            HasNoMore(Daemon.OpenDescriptors) || Held().Count == 0));
        IEnumerable<string> held = settled ? [] : Held();
        Daemon.Signal(signal);
        int code = await Daemon.ExitAsync();
        List<string> bad = [.. Daemon.Error.Lines.Where(IsBad)];
        Assert.Multiple(() =>
        {
            Assert.That(held, Is.Empty, "descriptors leaked");
            Assert.That(code, Is.Zero);
            Assert.That(Directory.GetFiles(Folder, "*.sock*"), Is.Empty);
            Assert.That(bad.Where(line => !_expected.Exists(line.Contains)), Is.Empty, "unexpected in the log");
            Assert.That(_expected.Where(words => !bad.Exists(line => line.Contains(words))), Is.Empty, "not logged");
        });
        _daemon = null;
    }

    private static bool IsQueue(string descriptor) =>
        descriptor.EndsWith("anon_inode:[eventpoll]", StringComparison.Ordinal);

    // Than at the start, but for one queue of events: see Held. The numbers are others in a process that has taken over.
    private bool HasNoMore(IReadOnlyList<string> now)
    {
        int queues = Math.Clamp(now.Count(IsQueue) - _descriptors.Count(IsQueue), 0, 1);
        return now.Count - queues <= _descriptors.Count;
    }

    // What was not open at the start, but for the one queue of events of Kestrel's, which the first gRPC client starts.
    private List<string> Held()
    {
        List<string> held = [.. Daemon.OpenDescriptors.Except(_descriptors)];
        int queue = held.FindIndex(IsQueue);
        if (queue >= 0)
        {
            held.RemoveAt(queue);
        }

        return held;
    }

    public async ValueTask DisposeAsync()
    {
        await EndChildrenAsync();
        if (_daemon is not null)
        {
            await _daemon.DisposeAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }

    private static bool IsBad(string line) =>
        line.StartsWith("warn:", StringComparison.Ordinal) || line.StartsWith("fail:", StringComparison.Ordinal)
        || line.StartsWith("crit:", StringComparison.Ordinal) || line.StartsWith("Unhandled", StringComparison.Ordinal);

    private FlowerProcess StartProcess(params string[] more) => FlowerProcess.Start(
        Programs.Flower, ["switchboard", "--listen", Handle, "--admin", Admin, .. more]);

    private FlowerProcess Keep(FlowerProcess process)
    {
        _children.Add(process);
        return process;
    }

    private async Task EndChildrenAsync()
    {
        foreach (FlowerProcess child in _children)
        {
            await child.DisposeAsync();
        }

        _children.Clear();
    }
}
