// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Server;
using Grpc.Core;

namespace Flower.Tests.Rpc;

/// <summary>Admits every session, unless it is told to refuse, and knows those that are open.</summary>
internal sealed class OpenAuthority : ISessionAuthority
{
    public HashSet<ISession> Sessions { get; } = [];

    /// <summary>How many have begun.</summary>
    public int Begun { get; private set; }

    /// <summary>What sessions are told when they begin.</summary>
    public Status? RefusesAdmission { get; set; }

    /// <summary>What the owner of a session is told.</summary>
    public Status? RefusesOwner { get; set; }

    public Status? Admit(ISession session)
    {
        Sessions.Add(session);
        Begun++;
        return RefusesAdmission;
    }

    public Status? Restore(ISession session) => Admit(session);

    public Status? Bind(ISession session) => RefusesOwner;

    public Status? Weigh(ISession session, long queuedBytes, int descriptorsInFlight) => null;

    public void Leave(ISession session) => Sessions.Remove(session);
}
