// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Rpc.Interop;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Grants;

/// <summary>What somebody who connects by the public path is given. Immutable.</summary>
/// <param name="Place">Where it stands in the configuration: <c>grants[0]</c>.</param>
/// <param name="Who">Whom it names.</param>
/// <param name="Handle">
/// The rights, and the labels that the configuration pins for everybody. Each session has a child of it.
/// </param>
internal sealed record Grant(string Place, ImmutableArray<Who> Who, Handle Handle)
{
    /// <summary>A grant without rights keeps those out whom it names.</summary>
    public bool IsRefusal => Handle.Rights == Rights.None;

    /// <summary>Whether it names who connected.</summary>
    public bool Names(SocketPeer peer, uint owner) => Who.Any(who => who.Names(peer, owner));
}
