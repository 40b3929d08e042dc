// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
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
    private readonly PatientOutput _output;
    private readonly CancellationTokenSource _closed = new();
    private readonly MemoryStream _line = new();
    private readonly Utf8JsonWriter? _json;
    private readonly bool _color;

    /// <summary>Begins to look whether somebody reads.</summary>
    /// <param name="isJson">JSON; otherwise lines for people.</param>
    /// <param name="color">Whether lines for people have colours.</param>
    /// <param name="stop">From then on it is not waited for whoever reads.</param>
    public EventOutput(bool isJson, bool color, CancellationToken stop)
    {
        _output = new(Descriptor.Borrow(1), stop);
        _color = color;
        _json = isJson ? new Utf8JsonWriter(_line) : null;
        Closed = _closed.Token;

        // Ends with the process at the latest: poll(2) tells of a reader who has gone while there is nothing to write, too.
        new Thread(AwaitClose) { IsBackground = true, Name = "flower-watch-output" }.Start();
    }

    /// <summary>Cancelled when nobody reads any more.</summary>
    public CancellationToken Closed { get; }

    /// <summary>Writes an event.</summary>
    /// <exception cref="OperationCanceledException">Nobody reads any more, or it was stopped while nobody did.</exception>
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
            _line.Write(Encoding.UTF8.GetBytes(EventText.Of(happened, _color)));
        }

        _line.WriteByte((byte)'\n');
        switch (_output.Write(_line.GetBuffer().AsSpan(0, (int)_line.Length)))
        {
            case 0:
                break;
            case Errno.Canceled:
                throw new OperationCanceledException();
            case Errno.Pipe:
                _closed.Cancel();
                Closed.ThrowIfCancellationRequested();
                break;
            case int errno:
                throw new ToolException(ExitCodes.Failed, $"cannot write: {Marshal.GetPInvokeErrorMessage(errno)}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _json?.Dispose();
        _output.Dispose();
    }

    private void AwaitClose()
    {
        // What is no pipe and no socket, such as a file, is never closed by others.
        Polling.Wait([new(Descriptor.Borrow(1), Readiness.None)]);
        _closed.Cancel();
    }
}
