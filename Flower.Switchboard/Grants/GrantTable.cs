// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Grants;

/// <summary>
/// Who may do what by the public path: the first grant that names a process decides, as in pg_hba.conf, and no later
/// one adds to it. Behind them all stands one for root and the switchboard's own user, with all rights. Pure and
/// immutable.
/// </summary>
/// <param name="grants">In the order of the configuration.</param>
/// <param name="owner">The uid of the switchboard itself.</param>
internal sealed class GrantTable(ImmutableArray<Grant> grants, uint owner)
{
    private readonly Grant _owners = new(
        "the default",
        [new Who.User(0, "root"), new Who.User(owner, "")],
        Handle.CreateRoot(Rights.All, LabelSet.Empty, LabelSet.Empty));

    public ImmutableArray<Grant> Grants { get; } = grants;

    /// <summary>Whether somebody who is neither root nor the switchboard's own user may have a right.</summary>
    public bool IsForOthers => Grants.Any(g => !g.IsRefusal && g.Who.Any(who => who.MayNameOthers(owner)));

    /// <summary>The grant that decides; null: none names it.</summary>
    public Grant? Find(SocketPeer peer)
    {
        foreach (Grant grant in Grants)
        {
            if (grant.Names(peer, owner))
            {
                return grant;
            }
        }

        return _owners.Names(peer, owner) ? _owners : null;
    }
}
