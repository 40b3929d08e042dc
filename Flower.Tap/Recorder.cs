// SPDX-License-Identifier: BSD-2-Clause
using Flower.Relay;

namespace Flower.Tap;

/// <summary>
/// Gives a sink what several threads see, one call at a time. Once the sink has failed nothing more is written, and what is
/// tapped goes on. For any thread. Owns the sink.
/// </summary>
internal sealed class Recorder(ITapSink sink) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource<OutputException> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isOver;

    /// <summary>Completes when nothing can be written any more: why.</summary>
    public Task<OutputException> Failed => _failed.Task;

    /// <summary>A connection begins.</summary>
    /// <returns>Who sees what is moved.</returns>
    public IRelayObserver Begin(TapEntry connection)
    {
        Write(s => s.Begin(connection));
        return new Observer(this, connection);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isOver = true;
            sink.Dispose();
        }
    }

    private bool WantsBytes => sink.WantsBytes && !_isOver;

    private void Move(TapEntry connection, bool toTarget, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            try
            {
                if (!_isOver)
                {
                    sink.Move(connection, toTarget, bytes);
                }
            }
            catch (OutputException e)
            {
                Fail(e);
            }
        }
    }

    private void Write(Action<ITapSink> write)
    {
        lock (_lock)
        {
            try
            {
                if (!_isOver)
                {
                    write(sink);
                }
            }
            catch (OutputException e)
            {
                Fail(e);
            }
        }
    }

    private void Fail(OutputException e)
    {
        _isOver = true;
        _failed.TrySetResult(e);
    }

    private sealed class Observer(Recorder recorder, TapEntry connection) : IRelayObserver
    {
        public bool WantsBytes => recorder.WantsBytes;

        public void Moving(bool toOther, ReadOnlySpan<byte> bytes) => recorder.Move(connection, toOther, bytes);

        public void Ended(bool toOther) => recorder.Write(sink => sink.EndSending(connection, toOther));

        public void Closed(bool isReset, RelayedBytes bytes) =>
            recorder.Write(sink => sink.End(connection, isReset, bytes));
    }
}
