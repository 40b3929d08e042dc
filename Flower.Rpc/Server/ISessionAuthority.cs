// SPDX-License-Identifier: BSD-2-Clause
using Grpc.Core;

namespace Flower.Rpc.Server;

/// <summary>
/// What a session may do. The transport asks it whether a session may be, and tells it when one has ended; what calls it
/// allows is for the service to judge. One object may stand behind any number of sessions. On the loop.
/// </summary>
public interface ISessionAuthority
{
    /// <summary>A session begins. Null, or why not: then the session says so to its peer and ends.</summary>
    Status? Admit(ISession session);

    /// <summary>
    /// A session of another process goes on, owner and all. It was admitted there, so it is not refused; only an authority
    /// that is no more says why it is not.
    /// </summary>
    Status? Restore(ISession session);

    /// <summary>The owner of a session is known from now on. Null, or why that process may not have it.</summary>
    Status? Bind(ISession session);

    /// <summary>
    /// What a session makes this process hold has changed: the bytes that are queued, since its peer does not read, with those
    /// of its calls that wait (fewer than 16 KiB are told as none), and the descriptors that it was sent, or is to be, and has
    /// not taken; fewer than 16 of those are told as none. Null, or why the session must end.
    /// </summary>
    Status? Weigh(ISession session, long queuedBytes, int descriptorsInFlight);

    /// <summary>A session has ended. Follows each <see cref="Admit"/> and <see cref="Restore"/> once, also one that
    /// refused.</summary>
    void Leave(ISession session);
}
