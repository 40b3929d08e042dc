// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc;

/// <summary>Why a call failed that the switchboard has not answered.</summary>
public enum SessionLoss
{
    /// <summary>The switchboard crashed and came back with the session, which goes on without the call.</summary>
    Restarted,

    /// <summary>The switchboard stopped, crashed or closed the session without an objection to it.</summary>
    Gone,

    /// <summary>The switchboard ended the session for a reason that another session would meet too.</summary>
    Refused,

    /// <summary>The switchboard does not speak the protocol.</summary>
    Broken,

    /// <summary>This side ended the session.</summary>
    Disposed,
}
