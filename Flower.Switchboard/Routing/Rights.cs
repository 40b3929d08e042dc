// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Routing;

/// <summary>What a handle allows.</summary>
[Flags]
internal enum Rights
{
    None = 0,
    ClientConnect = 1,
    EgressStart = 2,
    IngressConnect = 4,
    ResolverStart = 8,
    ServerStart = 16,
    List = 32,
    All = ClientConnect | EgressStart | IngressConnect | ResolverStart | ServerStart | List,
}
