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

    private readonly Channel<Entry> _queue = Channel.CreateBounded<Entry>(
        new BoundedChannelOptions(MaxEvents) { SingleReader = true, SingleWriter = true });

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly AuditFile _file;
    private readonly ILogger _logger;
    private readonly Task _writing;
    private long _queuedBytes;
    private long _missed;
    private long _untold;

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
    public uint? User => null;

    /// <inheritdoc/>
    public void Take(Occurrence occurrence)
    {
        long missed = Interlocked.Exchange(ref _untold, 0);
        if (Interlocked.Read(ref _queuedBytes) + occurrence.Size > MaxBytes
            || !_queue.Writer.TryWrite(new(occurrence, missed)))
        {
            Interlocked.Increment(ref _missed);
            Interlocked.Add(ref _untold, missed + 1);
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
            while (_file.Pending < BatchBytes && _queue.Reader.TryRead(out Entry entry))
            {
                WriteMissed(writer, entry.MissedBefore);
                EventJson.Write(writer, entry.What.Told);
                End(writer);
                Interlocked.Add(ref _queuedBytes, -entry.What.Size);
            }

            if (_file.Pending < BatchBytes)
            {
                // There may be none after them for a long time.
                WriteMissed(writer, Interlocked.Exchange(ref _untold, 0));
            }

            return _file.Flush();
        }
    }

    private void WriteMissed(Utf8JsonWriter writer, long missed)
    {
        if (missed > 0)
        {
            writer.WriteStartObject();
            writer.WriteNumber("missed", missed);
            writer.WriteEndObject();
            End(writer);
        }
    }

    private void End(Utf8JsonWriter writer)
    {
        writer.Flush();
        _file.Lines.WriteByte((byte)'\n');
        writer.Reset(_file.Lines);
    }

    /// <summary>An event, and how many were lost since the one before it.</summary>
    private readonly record struct Entry(Occurrence What, long MissedBefore);
}
