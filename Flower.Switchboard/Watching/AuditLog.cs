// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Threading.Channels;
using Flower.Protocol;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Watching;

/// <summary>
/// Writes all that happens to a file, a line of JSON each. The loop only puts events into a bounded queue; what does not fit
/// is counted, and a line says how many are missing. A task of its own writes, and where it cannot, tries again once a second.
/// </summary>
internal sealed class AuditLog : IEventSink, IAsyncDisposable
{
    private const int MaxEvents = 16 * 1024;
    private const int MaxBytes = 16 * 1024 * 1024;
    private const int BatchBytes = 64 * 1024;

    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly Channel<Occurrence> _queue = Channel.CreateBounded<Occurrence>(
        new BoundedChannelOptions(MaxEvents) { SingleReader = true, SingleWriter = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly AuditFile _file;
    private readonly ILogger _logger;
    private readonly Task _writing;
    private long _queuedBytes;
    private long _missed;
    private long _told;

    /// <summary>Opens the file and begins to write.</summary>
    /// <exception cref="IOException">It cannot be opened: why.</exception>
    public AuditLog(string path, ILogger logger)
    {
        _logger = logger;
        _file = new AuditFile(path);
        _writing = Task.Run(RunAsync);
    }

    /// <summary>How many events were lost. For any thread.</summary>
    public long Missed => Interlocked.Read(ref _missed);

    /// <inheritdoc/>
    public void Take(Occurrence occurrence)
    {
        if (Interlocked.Read(ref _queuedBytes) + occurrence.Size > MaxBytes || !_queue.Writer.TryWrite(occurrence))
        {
            Interlocked.Increment(ref _missed);
            return;
        }

        Interlocked.Add(ref _queuedBytes, occurrence.Size);
    }

    /// <inheritdoc/>
    public void Stop()
    {
        // Its owner disposes it, once nothing happens any more.
    }

    /// <summary>Opens the path again, as after the file was moved away. For any thread; may wait for the disk.</summary>
    /// <exception cref="IOException">It cannot be opened: why. Then the file that was open stays so.</exception>
    public void Reopen()
    {
        lock (_lock)
        {
            _file.Reopen();
        }
    }

    /// <summary>Writes what is left, as far as that can be written, and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _stop.CancelAsync();
        await _writing;
        _file.Dispose();
        _stop.Dispose();
    }

    // Never faults.
    private async Task RunAsync()
    {
        bool isFailing = false;
        using var writer = new Utf8JsonWriter(Stream.Null);
        while (await WaitAsync())
        {
            int errno;
            do
            {
                errno = Step(writer);
                if (errno != 0 && !isFailing)
                {
                    AuditMessages.Failed(_logger, Marshal.GetPInvokeErrorMessage(errno));
                }
                else if (errno == 0 && isFailing)
                {
                    AuditMessages.GoesOn(_logger, Missed);
                }

                isFailing = errno != 0;
                if (isFailing && _stop.IsCancellationRequested)
                {
                    return;
                }

                if (isFailing)
                {
                    await Task.Delay(Retry, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
            while (isFailing);
        }
    }

    private async Task<bool> WaitAsync() => await _queue.Reader.WaitToReadAsync();

    // Some events, and what was left of those before.
    private int Step(Utf8JsonWriter writer)
    {
        lock (_lock)
        {
            writer.Reset(_file.Lines);
            while (_file.Pending < BatchBytes && _queue.Reader.TryRead(out Occurrence? occurrence))
            {
                EventJson.Write(writer, occurrence.Told);
                End(writer);
                Interlocked.Add(ref _queuedBytes, -occurrence.Size);
            }

            // They were lost while the queue was full, so after those that were in it.
            if (Missed > _told && _file.Pending < BatchBytes)
            {
                long missed = Missed;
                writer.WriteStartObject();
                writer.WriteNumber("missed", missed - _told);
                End(writer);
                _told = missed;
            }

            return _file.Flush();
        }
    }

    private void End(Utf8JsonWriter writer)
    {
        if (writer.CurrentDepth > 0)
        {
            writer.WriteEndObject();
        }

        writer.Flush();
        _file.Lines.WriteByte((byte)'\n');
        writer.Reset(_file.Lines);
    }
}
