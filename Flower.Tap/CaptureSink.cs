// SPDX-License-Identifier: BSD-2-Clause
using Flower.Relay;

namespace Flower.Tap;

/// <summary>Writes packets down. Owns the writer.</summary>
internal sealed class CaptureSink(PcapngWriter writer) : ITapSink
{
    /// <inheritdoc/>
    public bool WantsBytes => true;

    /// <inheritdoc/>
    public void Begin(TapEntry connection)
    {
        string? comment = connection.Comment;
        connection.Frames.Open(packet =>
        {
            writer.Write(packet, DateTime.UtcNow, comment);
            comment = null;
        });
    }

    /// <inheritdoc/>
    public void Move(TapEntry connection, bool toTarget, ReadOnlySpan<byte> bytes) =>
        connection.Frames.Move(toTarget, bytes, Write);

    /// <inheritdoc/>
    public void EndSending(TapEntry connection, bool toTarget) => connection.Frames.EndSending(toTarget, Write);

    /// <inheritdoc/>
    public void End(TapEntry connection, bool isReset, RelayedBytes bytes) => connection.Frames.Close(isReset, Write);

    /// <inheritdoc/>
    public void Dispose() => writer.Dispose();

    private void Write(ReadOnlySpan<byte> packet) => writer.Write(packet, DateTime.UtcNow, comment: null);
}
