// SPDX-License-Identifier: BSD-2-Clause
using Flower.Relay;

namespace Flower.Tap;

/// <summary>Writes down what goes through the tap. One call at a time. Faults only with <see cref="OutputException"/>.</summary>
internal interface ITapSink : IDisposable
{
    /// <summary>It writes the bytes themselves.</summary>
    bool WantsBytes { get; }

    /// <summary>A connection begins.</summary>
    void Begin(TapEntry connection);

    /// <summary>Bytes are on their way.</summary>
    void Move(TapEntry connection, bool toTarget, ReadOnlySpan<byte> bytes);

    /// <summary>A side has sent all.</summary>
    void EndSending(TapEntry connection, bool toTarget);

    /// <summary>A connection is over.</summary>
    void End(TapEntry connection, bool isReset, RelayedBytes bytes);
}
