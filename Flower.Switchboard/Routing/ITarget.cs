// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Switchboard.Routing;

/// <summary>
/// What is registered: a server, an egress or a resolver. The label sets and the owner do not change while it is
/// registered; the directory compares targets by reference.
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
}
