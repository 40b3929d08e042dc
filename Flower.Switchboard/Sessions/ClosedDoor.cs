// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Server;
using Grpc.Core;

namespace Flower.Switchboard.Sessions;

/// <summary>The authority of a session that may not be.</summary>
internal sealed class ClosedDoor(Status refusal) : ISessionAuthority
{
    public Status? Admit(ISession session) => refusal;

    public Status? Restore(ISession session) => refusal;

    public Status? Bind(ISession session) => refusal;

    public Status? Weigh(ISession session, long queuedBytes, int descriptorsInFlight) => null;

    public void Leave(ISession session)
    {
        // It was never in.
    }
}
