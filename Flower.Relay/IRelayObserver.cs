// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Relay;

/// <summary>
/// Sees what one relay moves, in order, on the relay's thread, before the other side has it. What it does there holds up all
/// relays on that thread, so who cannot keep up makes the senders wait. Must not throw.
/// </summary>
public interface IRelayObserver
{
    /// <summary>It is shown the bytes, which costs a copy; otherwise only ends. Asked each time.</summary>
    bool WantsBytes { get; }

    /// <summary>Bytes were received from a side.</summary>
    /// <param name="toOther">From the first socket to the second.</param>
    /// <param name="bytes">The bytes, which are there for the call only.</param>
    void Moving(bool toOther, ReadOnlySpan<byte> bytes);

    /// <summary>A side has ended its direction, and the other was told.</summary>
    /// <param name="toOther">The direction from the first socket to the second.</param>
    void Ended(bool toOther);

    /// <summary>The relay is over.</summary>
    /// <param name="isReset">One side failed, or it was cancelled: what came last may not have arrived.</param>
    /// <param name="bytes">What was delivered.</param>
    void Closed(bool isReset, RelayedBytes bytes);
}
