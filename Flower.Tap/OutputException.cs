// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Tap;

/// <summary>What the tap sees cannot be written down any more.</summary>
/// <param name="message">Why.</param>
/// <param name="isUnread">Whoever read it has gone, which is no failure.</param>
internal sealed class OutputException(string message, bool isUnread) : Exception(message)
{
    /// <summary>Whoever read it has gone, which is no failure.</summary>
    public bool IsUnread { get; } = isUnread;
}
