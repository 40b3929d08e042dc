// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Fuzz;

/// <summary>One thing that takes what others say.</summary>
/// <param name="Name">Of it, and of the folder of its corpus.</param>
/// <param name="Run">
/// Gives it an input. Whatever the input, it must end soon, and with no exception: what is refused is refused in the way
/// that its callers expect. A <see cref="BrokenException"/> says what does not hold.
/// </param>
internal sealed record FuzzTarget(string Name, Action<byte[]> Run)
{
    /// <summary>All there are.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("packet", Targets.PacketTarget.Run),
        new("packets", Targets.SessionTarget.Packets),
        new("history", Targets.SessionTarget.History),
        new("labels", Targets.LabelTarget.Run),
        new("tls", Targets.PeekTarget.Tls),
        new("http", Targets.PeekTarget.Http),
        new("proxy", Targets.ProxyTarget.Run),
        new("address", Targets.AddressTarget.Run),
        new("configuration", Targets.ConfigurationTarget.Run),
        new("names", Targets.NamesTarget.Run),
        new("dns", Targets.DnsTarget.Run),
        new("first-packet", Targets.FirstPacketTarget.Run),
    ];
}
