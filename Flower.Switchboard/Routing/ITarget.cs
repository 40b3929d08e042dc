// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Routing;

/// <summary>
/// What is registered: a server, an egress or a resolver. The label sets and the owner do not change while it is
/// registered; of what does change the directory is told. It compares targets by reference.
/// </summary>
internal interface ITarget
{
    /// <summary>The kind; never unspecified.</summary>
    TargetKind Kind { get; }

    /// <summary>Of an egress: it connects to one place only, and so takes ingresses that relay.</summary>
    bool IsFixedDestination { get; }

    /// <summary>The in-labels of its handle and those given at registration.</summary>
    LabelSet Own { get; }

    /// <summary><see cref="Own"/> and what the switchboard attests of it; the same required keys.</summary>
    LabelSet Indexed { get; }

    /// <summary>The user whose quota of key sets it counts against.</summary>
    uint OwnerUid { get; }

    /// <summary>How much it takes compared with others, 0 to 65,535; 0: only where there is no other.</summary>
    uint Weight { get; }

    /// <summary>It takes no new connections.</summary>
    bool IsDraining { get; }

    /// <summary>It did not answer when it was last asked: it is picked only where there is no other.</summary>
    bool IsSuspect { get; }

    /// <summary>How many connections it has and was offered. May change without the directory being told.</summary>
    long Load { get; }
}
