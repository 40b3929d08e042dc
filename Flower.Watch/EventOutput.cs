// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using System.Text.Json;
using Flower.Client;
using Flower.CommandLine;
using Flower.Rpc.Interop;

namespace Flower.Watch;

/// <summary>
/// Events as lines on standard output, each written whole as it comes. Whoever reads them may go at any time: then nothing is
/// written any more. Borrows the descriptor.
/// </summary>
internal sealed class EventOutput : IDisposable
{
    private readonly Descriptor _output = Descriptor.Borrow(1);
    private readonly CancellationTokenSource _closed = new();
    private readonly MemoryStream _line = new();
    private readonly Utf8JsonWriter? _json;

    /// <summary>Begins to look whether somebody reads.</summary>
    /// <param name="isJson">JSON; otherwise lines for people.</param>
    public EventOutput(bool isJson)
    {
        _json = isJson ? new Utf8JsonWriter(_line) : null;
        Closed = _closed.Token;

        // Ends with the process at the latest: poll(2) tells of a reader who has gone while there is nothing to write, too.
        new Thread(AwaitClose) { IsBackground = true, Name = "flower-watch-output" }.Start();
    }

    /// <summary>Cancelled when nobody reads any more.</summary>
    public CancellationToken Closed { get; }

    /// <summary>Writes an event.</summary>
    /// <exception cref="OperationCanceledException">Nobody reads any more.</exception>
    /// <exception cref="ToolException">It cannot be written: why.</exception>
    public void Write(BoardEvent happened)
    {
        _line.SetLength(0);
        if (_json is not null)
        {
            _json.Reset();
            happened.WriteTo(_json);
            _json.Flush();
        }
        else
        {
            _line.Write(Encoding.UTF8.GetBytes(EventText.Of(happened)));
        }

        _line.WriteByte((byte)'\n');
        WriteAll(_line.GetBuffer().AsSpan(0, (int)_line.Length));
    }

    /// <inheritdoc/>
    public void Dispose() => _json?.Dispose();

    private void WriteAll(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int count = StreamFile.Write(_output, bytes);
            if (count >= 0)
            {
                bytes = bytes[count..];
            }
            else if (count == -Errno.Again)
            {
                // Another holder has made it non-blocking.
                Polling.Wait([new(_output, Readiness.Write)]);
            }
            else if (count == -Errno.Pipe)
            {
                _closed.Cancel();
                Closed.ThrowIfCancellationRequested();
            }
            else
            {
                throw new ToolException(
                    ExitCodes.Failed, $"cannot write: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(-count)}");
            }
        }
    }

    private void AwaitClose()
    {
        // What is no pipe and no socket, such as a file, is never closed by others.
        Polling.Wait([new(_output, Readiness.None)]);
        _closed.Cancel();
    }
}
