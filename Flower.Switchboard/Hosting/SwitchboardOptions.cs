// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Hosting;

/// <summary>What an operator decides about a switchboard.</summary>
public sealed class SwitchboardOptions
{
    /// <summary>The path of the handle door. Required.</summary>
    public required string Listen { get; init; }

    /// <summary>The path of the gRPC door. Required.</summary>
    public required string Admin { get; init; }

    /// <summary>The path of the control socket, over which another switchboard takes over. Required.</summary>
    public required string Control { get; init; }

    /// <summary>
    /// Take over from the switchboard that runs at these paths, with all its sessions; where none runs, start. Default:
    /// false.
    /// </summary>
    public bool Replace { get; init; }

    /// <summary>
    /// Keep sessions in the service manager's descriptor store, as NOTIFY_SOCKET says, and begin with those that it kept,
    /// as LISTEN_FDS says. Default: false.
    /// </summary>
    public bool KeepSessions { get; init; }

    /// <summary>The mode of both sockets; default 0600. Who may open them has every right.</summary>
    public UnixFileMode Mode { get; init; } = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>How long a target may take to answer a connection; default 5 seconds.</summary>
    public TimeSpan AcceptDeadline { get; init; } = TimeSpan.FromSeconds(5);
}
