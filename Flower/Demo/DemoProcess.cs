// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Flower.CommandLine;
using Mono.Unix.Native;

namespace Flower.Demo;

/// <summary>
/// Another <c>flower</c> process of the demo. Owns the process and the socket on which it says that it is ready. Its
/// standard error is collected line by line.
/// </summary>
internal sealed class DemoProcess : IAsyncDisposable
{
    private static int _count;

    private readonly Process _process;
    private readonly Socket _notify;
    private readonly List<string> _said = [];
    private readonly TaskCompletionSource<int> _port = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private DemoProcess(Process process, Socket notify)
    {
        _process = process;
        _notify = notify;
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.BeginErrorReadLine();
    }

    /// <summary>What it wrote to standard error so far.</summary>
    public List<string> Said
    {
        get
        {
            lock (_said)
            {
                return [.. _said];
            }
        }
    }

    public static DemoProcess Start(string directory, string switchboard, string[] arguments)
    {
        string path = Path.Combine(directory, $"notify-{Interlocked.Increment(ref _count)}");
        var notify = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        notify.Bind(new UnixDomainSocketEndPoint(path));
        var start = new ProcessStartInfo(OwnProgram.Words[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["FLOWER_SWITCHBOARD"] = switchboard, ["NOTIFY_SOCKET"] = path },
        };
        foreach (string argument in OwnProgram.Words.Skip(1).Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        return new DemoProcess(Process.Start(start)!, notify);
    }

    /// <summary>Waits for READY=1.</summary>
    /// <exception cref="IOException">The process ended instead.</exception>
    public async Task ReadyAsync(CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[256];
        Task<int> ready = _notify.ReceiveAsync(buffer, SocketFlags.None, cancellationToken).AsTask();
        if (await Task.WhenAny(ready, _process.WaitForExitAsync(cancellationToken)) != ready)
        {
            throw new IOException($"it ended before it was ready: {string.Join("; ", Said)}");
        }

        await ready;
    }

    /// <summary>The port that an ingress says it listens on.</summary>
    public Task<int> ReadPortAsync(CancellationToken cancellationToken) => _port.Task.WaitAsync(cancellationToken);

    /// <summary>Writes all of the input, then closes it, and meanwhile reads all of the output.</summary>
    public async Task<byte[]> PipeAsync(byte[] input, CancellationToken cancellationToken)
    {
        using var output = new MemoryStream();
        Task reading = _process.StandardOutput.BaseStream.CopyToAsync(output, cancellationToken);
        await _process.StandardInput.BaseStream.WriteAsync(input, cancellationToken);
        _process.StandardInput.Close();
        await reading;
        return output.ToArray();
    }

    public async Task<int> ExitAsync(CancellationToken cancellationToken)
    {
        await _process.WaitForExitAsync(cancellationToken);
        return _process.ExitCode;
    }

    /// <summary>Asks it to stop, insists after a while.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _ = Syscall.kill(_process.Id, Signum.SIGTERM);
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            try
            {
                await _process.WaitForExitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
            }
        }

        _process.Dispose();
        _notify.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_said)
        {
            _said.Add(line);
        }

        if (line.Contains("listening on 127.0.0.1:", StringComparison.Ordinal)
            && int.TryParse(line[(line.LastIndexOf(':') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int port))
        {
            _port.TrySetResult(port);
        }
    }
}
