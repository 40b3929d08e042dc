// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Server;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// Which method of the handle door is answered by what. Written out, since what is generated for it
/// (<c>Switchboard.BindService</c>) would be a sixth of the start of a switchboard: see <see cref="MethodTable"/>.
/// </summary>
internal static class ServedMethods
{
    /// <summary>Adds all of them.</summary>
    public static void AddTo(MethodTable methods, Protocol.V1.Switchboard.SwitchboardBase service)
    {
        methods.Add(BoardMethods.Constrain, service.Constrain);
        methods.Add(BoardMethods.ClientConnect, service.ClientConnect);
        methods.Add(BoardMethods.IngressConnect, service.IngressConnect);
        methods.Add(BoardMethods.ServerStart, service.ServerStart);
        methods.Add(BoardMethods.EgressStart, service.EgressStart);
        methods.Add(BoardMethods.ResolverStart, service.ResolverStart);
        methods.Add(BoardMethods.TapStart, service.TapStart);
        methods.Add(BoardMethods.List, service.List);
        methods.Add(BoardMethods.Explain, service.Explain);
        methods.Add(BoardMethods.Watch, service.Watch);
        methods.Add(BoardMethods.Stats, service.Stats);
        methods.Add(BoardMethods.UpdateTargets, service.UpdateTargets);
        methods.Add(BoardMethods.Handles, service.Handles);
        methods.Add(BoardMethods.Connections, service.Connections);
        methods.Add(BoardMethods.Revoke, service.Revoke);
    }
}
