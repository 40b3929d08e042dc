// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Mono.Unix.Native;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// A real process: <c>flower</c>, or another program. Owns it, what it writes, and the socket on which it says that it
/// is ready. Disposing it kills it, by its id.
/// </summary>
internal sealed class FlowerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Socket _notify;
    private readonly Task _reading;
    private bool _disposed;

    private FlowerProcess(Process process, Socket notify, bool rawOutput)
    {
        _process = process;
        _notify = notify;
        Task output = rawOutput ? Task.CompletedTask : Out.FillAsync(process.StandardOutput);
        _reading = Task.WhenAll(output, Error.FillAsync(process.StandardError));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public Transcript Out { get; } = new();

    public Transcript Error { get; } = new();

    /// <summary>Its standard input, which stays open until the test closes it.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>Its standard output, when it was started with raw output.</summary>
    public Stream RawOutput => _process.StandardOutput.BaseStream;

    /// <summary>What it holds open, but for the runtime's own files, which are loaded when they are needed.</summary>
    public IReadOnlyList<string> OpenDescriptors => [.. Directory.GetFileSystemEntries($"/proc/{Id}/fd")
        .Select(entry => $"{Path.GetFileName(entry)} {new FileInfo(entry).LinkTarget}")
        .Where(entry => !entry.EndsWith(".dll", StringComparison.Ordinal)
            && !entry.Contains(".so", StringComparison.Ordinal)
            && !entry.EndsWith("/dev/urandom", StringComparison.Ordinal))];

    /// <summary>The processor time that it has used.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>The memory that it has now, in bytes.</summary>
    public long MemoryBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    public static FlowerProcess Start(
        string program, IEnumerable<string> args, string? switchboard = null, bool rawOutput = false)
    {
        // An abstract name leaves nothing behind.
        string name = $"flower-test-{Guid.NewGuid():N}";
        var notify = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        notify.Bind(new UnixDomainSocketEndPoint('\0' + name));
        var start = new ProcessStartInfo(program, args)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["NOTIFY_SOCKET"] = '@' + name;
        start.Environment["FLOWER_SWITCHBOARD"] = switchboard is null ? "" : "unix:" + switchboard;
        start.Environment.Remove("FLOWER_TRACE");
        try
        {
            return new(Process.Start(start)!, notify, rawOutput);
        }
        catch
        {
            notify.Dispose();
            throw;
        }
    }

    /// <summary>What it, or a process that it started, says next to who started it (sd_notify(3)).</summary>
    public async Task<string> NotificationAsync()
    {
        byte[] buffer = new byte[256];
        int count = await _notify.ReceiveAsync(buffer.AsMemory(), SocketFlags.None).Within();
        return Encoding.UTF8.GetString(buffer, 0, count);
    }

    /// <summary>Waits for READY=1.</summary>
    public async Task ReadyAsync()
    {
        string said = await NotifiedAsync();
        if (said != "READY=1")
        {
            throw new InvalidOperationException($"not ready but '{said}'");
        }
    }

    /// <summary>Waits for the next thing that it says to its service manager.</summary>
    public async Task<string> NotifiedAsync()
    {
        byte[] buffer = new byte[4096];
        using var limit = new CancellationTokenSource(Patience.Limit);
        Task<int> receiving = _notify.ReceiveAsync(buffer.AsMemory(), SocketFlags.None, limit.Token).AsTask();
        Task ended = _process.WaitForExitAsync(limit.Token);
        if (await Task.WhenAny(receiving, ended) == receiving && receiving.IsCompletedSuccessfully)
        {
            return Encoding.UTF8.GetString(buffer, 0, receiving.Result);
        }

        throw new TimeoutException($"{_process.StartInfo.FileName} is not ready:\n{Error}");
    }

    public async Task WriteLineAsync(string line)
    {
        await Input.WriteAsync(Encoding.UTF8.GetBytes(line + "\n")).AsTask().Within();
        await Input.FlushAsync().Within();
    }

    public void CloseInput() => _process.StandardInput.Close();

    public void Signal(Signum signal) => _ = Syscall.kill(Id, signal);

    /// <summary>SIGKILL.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Waits for its end and the end of what it writes.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> ExitAsync()
    {
        try
        {
            await _process.WaitForExitAsync().Within();
            await _reading.Within();
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException(
                $"{string.Join(' ', _process.StartInfo.ArgumentList)} does not end:\n{Out}\n{Error}", e);
        }

        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        // The process before what it uses.
        _disposed = true;
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync().Within();
        await _reading.Within();
        _process.Dispose();
        _notify.Dispose();
    }
}
