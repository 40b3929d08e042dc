// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

namespace Flower.Doctor;

/// <summary>Something that Flower uses where the kernel has it.</summary>
/// <param name="Name">As the manual of the kernel has it.</param>
/// <param name="Since">The version of Linux that brought it.</param>
/// <param name="IsThere">Tries it.</param>
/// <param name="Without">What is not there without it.</param>
internal sealed record KernelFeature(string Name, string Since, Func<bool> IsThere, string Without)
{
    /// <summary>All of them, tried on this kernel.</summary>
    public static IReadOnlyList<KernelFeature> All { get; } =
    [
        new("memfd_create", "3.17", () => KernelFeatures.HasMemoryFiles, "sessions cannot be kept across a crash"),
        new("splice", "2.6.17", () => KernelFeatures.HasSplice, "bytes are copied through the program, which is slower"),
        new("SO_COOKIE", "4.12", () => KernelFeatures.HasSocketCookies, "flower connections cannot tell which are open"),
        new("sock_diag", "3.3", () => KernelFeatures.HasSocketDiagnostics, "flower connections and flower top show no figures"),
        new("SO_PEERGROUPS", "4.13", () => KernelFeatures.HasPeerGroups, "a configuration cannot grant to groups"),
        new("pidfd_open", "5.3", () => KernelFeatures.HasProcessDescriptors,
            "flower run and flower serve cannot watch what they start"),
        new("SO_PASSPIDFD", "6.5", () => KernelFeatures.HasPacketProcessDescriptors,
            "no control group and no unit is attested"),
        new("Landlock for TCP", "6.7", () => KernelFeatures.LandlockVersion >= 4,
            "a box cannot keep a program from connecting a socket that it was handed elsewhere"),
        new("Landlock scopes", "6.12", () => KernelFeatures.LandlockVersion >= 6, "a box cannot keep signals and abstract sockets in"),
        new("SO_PASSRIGHTS", "6.16", () => KernelFeatures.HasDescriptorRefusal,
            "descriptors that are sent to the gRPC door are received and closed, and not refused"),
    ];
}
