// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Client;

/// <summary>
/// What went wrong on the way to the switchboard or on the board. The message says what to do about it.
/// </summary>
public sealed class FlowerException : IOException
{
    /// <summary>A failure.</summary>
    /// <param name="statusCode">Its kind.</param>
    /// <param name="message">One line that the user can act on.</param>
    /// <param name="innerException">What caused it, if anything.</param>
    public FlowerException(StatusCode statusCode, string message, Exception? innerException = null)
        : base(message, innerException) => StatusCode = statusCode;

    /// <summary>The kind of failure, as switchboard.proto defines it for each call.</summary>
    public StatusCode StatusCode { get; }

    /// <summary>The label keys at fault; may be empty.</summary>
    public IReadOnlyList<string> Keys { get; internal init; } = [];

    /// <summary>The rights that the handle lacks; may be empty.</summary>
    public IReadOnlyList<Right> Rights { get; internal init; } = [];
}
