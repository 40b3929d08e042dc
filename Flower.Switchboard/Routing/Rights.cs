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
    Tap = 64,

    /// <summary>What "all rights" are: nobody looks into the connections of others without having been named for it.</summary>
    All = ClientConnect | EgressStart | IngressConnect | ResolverStart | ServerStart | List,

    /// <summary>Every right that there is.</summary>
    Every = All | Tap,
}
