// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol.V1;

namespace Flower.List;

/// <summary>What people call the kinds of targets.</summary>
internal static class TargetKinds
{
    public static string Name(TargetInfo target) => target.Kind switch
    {
        TargetKind.Server => target.IsActivator ? "activator" : "server",
        TargetKind.Egress => "egress",
        TargetKind.Resolver => "resolver",
        _ => "unknown",
    };
}
