// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Watching;

/// <summary>What a board is told about the switchboard around it.</summary>
internal sealed record BoardIdentity
{
    /// <summary>Of this program.</summary>
    public static string Version { get; } = typeof(BoardIdentity).Assembly.GetName().Version?.ToString(3) ?? "";

    /// <summary>The path of the handle door.</summary>
    public string HandleDoor { get; init; } = "";

    /// <summary>The path of the gRPC door.</summary>
    public string GrpcDoor { get; init; } = "";

    /// <summary>How many sessions are open. On the loop.</summary>
    public Func<int> Sessions { get; init; } = static () => 0;

    /// <summary>How many events the audit log has lost.</summary>
    public Func<long> AuditMissed { get; init; } = static () => 0;
}
