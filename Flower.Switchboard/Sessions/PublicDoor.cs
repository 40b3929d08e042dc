// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Switchboard.Grants;
using Flower.Switchboard.Routing;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// What whoever connects by a path is given: the handle of the grant that names it, or a refusal, which is logged once
/// a user. On the loop. The grants that hold for new sessions stand here; handles that were given live on.
/// </summary>
internal sealed class PublicDoor(HandleTree handles, ILogger logger)
{
    private const int MaxLoggedUsers = 1024;

    private readonly HashSet<uint> _logged = [];
    private GrantTable _grants = new([], 0);
    private string _remedy = "";

    /// <summary>Sets the grants for the sessions that begin from now on.</summary>
    /// <param name="grants">Who may do what.</param>
    /// <param name="remedy">What a user without a grant can ask for.</param>
    public void Use(GrantTable grants, string remedy)
    {
        _grants = grants;
        _remedy = remedy;
        _logged.Clear();
    }

    /// <summary>The authority of a session on the handle door; one that refuses it, if nothing is granted.</summary>
    public ISessionAuthority Admit(SocketPeer? peer)
    {
        try
        {
            return Open(peer);
        }
        catch (RpcException refusal)
        {
            return new ClosedDoor(refusal.Status);
        }
    }

    /// <summary>
    /// The handle of somebody who came by a path: one of its own, so that what its holder pins on handles made from it
    /// is pinned for these alone.
    /// </summary>
    /// <exception cref="RpcException">PERMISSION_DENIED: nothing is granted.</exception>
    public HandleNode Open(SocketPeer? peer)
    {
        // Nobody is uid 0 because the kernel did not say who it is.
        if (peer is null)
        {
            throw Refusal.NoGrant("the kernel does not say who connected: connect with a socket of your own");
        }

        Grant? grant = _grants.Find(peer);
        if (grant is null or { IsRefusal: true })
        {
            throw TurnAway(peer, grant);
        }

        HandleResult own = grant.Handle.Constrain(
            handles.NextId(), grant.Handle.Rights, LabelSet.Empty, LabelSet.Empty);
        return new(handles, ((HandleResult.Narrower)own).Handle, parent: null, peer.Credentials, Environment.TickCount64);
    }

    private RpcException TurnAway(SocketPeer peer, Grant? grant)
    {
        string uid = peer.Credentials.Uid.ToString(CultureInfo.InvariantCulture);
        string reason = grant is null
            ? $"uid {uid} has no grant on this switchboard: {_remedy}"
            : $"uid {uid} is given no rights on this switchboard by {grant.Place}: {_remedy}";
        if (_logged.Count < MaxLoggedUsers && _logged.Add(peer.Credentials.Uid))
        {
            BoardLog.TurnedAway(logger, peer.Credentials.Pid, reason);
        }

        return Refusal.NoGrant(reason);
    }
}
