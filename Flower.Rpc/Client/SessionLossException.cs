// SPDX-License-Identifier: BSD-2-Clause
using Grpc.Core;

namespace Flower.Rpc;

/// <summary>
/// The cause of a failure that is the session's and not the answer of the switchboard: UNAVAILABLE alone may also be
/// the word of a target that rejects. Found in <see cref="Status.DebugException"/> of the call's status; never thrown
/// itself.
/// </summary>
public sealed class SessionLossException : IOException
{
    /// <summary>A cause.</summary>
    /// <param name="kind">What has happened.</param>
    /// <param name="statusCode">The status with which the switchboard ended the session; UNAVAILABLE if it gave
    /// none.</param>
    /// <param name="message">For people.</param>
    public SessionLossException(SessionLoss kind, StatusCode statusCode, string message)
        : base(message)
    {
        Kind = kind;
        StatusCode = statusCode;
    }

    /// <summary>What has happened.</summary>
    public SessionLoss Kind { get; }

    /// <summary>The status with which the switchboard ended the session; UNAVAILABLE if it gave none.</summary>
    public StatusCode StatusCode { get; }

    /// <summary>
    /// The status of the calls that fail with it. They did not take place, whatever ended the session; only of one that
    /// may not be, the status is told, since trying again does not help.
    /// </summary>
    internal Status ToStatus() => new(
        StatusCode == StatusCode.PermissionDenied ? StatusCode : StatusCode.Unavailable, Message, this);
}
