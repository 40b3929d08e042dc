// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Web;

/// <summary>An open connection, as it was seen last. Immutable.</summary>
/// <param name="Told">What the board says.</param>
/// <param name="TargetId">The target that the page knows.</param>
/// <param name="Since">Since when it is there, in milliseconds since 1970 (UTC).</param>
/// <param name="State">What the kernel says, in one word.</param>
/// <param name="ClientCommand">What the client is called; null: not known.</param>
/// <param name="TargetCommand">What the target is called; null: not known.</param>
internal sealed record PanelConnection(
    LiveConnection Told, string TargetId, long Since, string State, string? ClientCommand, string? TargetCommand)
{
    /// <summary>Whether two of the same id are the same connection: after a crash, ids begin again.</summary>
    public bool IsOf(LiveConnection other) =>
        Told.SocketCookie == other.SocketCookie && Told.NetworkCookie == other.NetworkCookie
        && Told.Client?.Pid == other.Client?.Pid && Told.Target?.Pid == other.Target?.Pid;
}
