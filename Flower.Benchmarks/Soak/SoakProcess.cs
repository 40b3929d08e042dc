// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;

namespace Flower.Benchmarks.Soak;

/// <summary>
/// A program that runs as long as the soak, or is killed by it. Reads all that it says, and keeps what it should not say.
/// Disposing it kills it.
/// </summary>
internal sealed class SoakProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly string[] Bad = ["fail:", "crit:", "Unhandled"];

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _faults = [];
    private readonly string? _awaited;
    private readonly TaskCompletionSource<string> _said = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SoakProcess(string name, ProcessStartInfo start, string? awaited)
    {
        Name = name;
        _awaited = awaited;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start");
        _process.ErrorDataReceived += (_, line) => OnLine(line.Data);
        _process.OutputDataReceived += (_, line) => OnLine(line.Data);
        _process.BeginErrorReadLine();
        _process.BeginOutputReadLine();
    }

    /// <summary>What the table calls it.</summary>
    public string Name { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Lines of its log that tell of a fault, the first of them.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    /// <summary>Starts <c>flower</c>, and does not wait for anything.</summary>
    public static SoakProcess Start(string name, string flower, string switchboard, params string[] arguments) =>
        new(name, StartOf(flower, switchboard, arguments), null);

    /// <summary>Starts <c>flower</c>, and waits until it says that it is ready.</summary>
    /// <param name="name">What the table calls it.</param>
    /// <param name="flower">The program.</param>
    /// <param name="switchboard">Where its switchboard is.</param>
    /// <param name="awaited">A line with these words is waited for too; null: none.</param>
    /// <param name="arguments">Its command line.</param>
    /// <returns>The process, and the line that was waited for; empty: none was.</returns>
    public static async Task<(SoakProcess Process, string Line)> StartReadyAsync(
        string name, string flower, string switchboard, string? awaited, params string[] arguments)
    {
        // An abstract name leaves nothing behind.
        string socket = $"flower-soak-{Guid.NewGuid():N}";
        using var ready = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        ready.Bind(new UnixDomainSocketEndPoint('\0' + socket));
        ProcessStartInfo start = StartOf(flower, switchboard, arguments);
        start.Environment["NOTIFY_SOCKET"] = '@' + socket;
        var process = new SoakProcess(name, start, awaited);
        try
        {
            using var patience = new CancellationTokenSource(Patience);
            await ready.ReceiveAsync(new byte[256].AsMemory(), SocketFlags.None, patience.Token);
            return (process, awaited is null ? "" : await process._said.Task.WaitAsync(patience.Token));
        }
        catch
        {
            process.Dispose();
            throw;
        }
    }

    /// <summary>SIGKILL, and waits for the end.</summary>
    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static ProcessStartInfo StartOf(string flower, string switchboard, string[] arguments)
    {
        var start = new ProcessStartInfo(flower, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["FLOWER_SWITCHBOARD"] = "unix:" + switchboard;
        return start;
    }

    private void OnLine(string? line)
    {
        if (line is null)
        {
            return;
        }

        if (_awaited is not null && line.Contains(_awaited, StringComparison.Ordinal))
        {
            _said.TrySetResult(line);
        }

        if (_faults.Count < 10 && Bad.Any(word => line.StartsWith(word, StringComparison.Ordinal)))
        {
            _faults.Enqueue(line);
        }
    }
}
