// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;

namespace Flower.Run.Box;

/// <summary>The environment of a boxed command: ours, without what names a door that is hidden.</summary>
internal static class BoxEnvironment
{
    // Each names a socket, or speaks of descriptors or processes that the command cannot have.
    private static readonly string[] Doors =
    [
        "CONTAINER_HOST", "DBUS_SESSION_BUS_ADDRESS", "DBUS_SYSTEM_BUS_ADDRESS", "DISPLAY", "DOCKER_HOST",
        "GPG_AGENT_INFO", "LISTEN_FDNAMES", "LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "NOTIFY_SOCKET",
        "PIPEWIRE_REMOTE", "PULSE_SERVER", "SSH_AGENT_PID", "SSH_AUTH_SOCK", "STY", "TMUX", "WATCHDOG_PID",
        "WATCHDOG_USEC", "WAYLAND_DISPLAY", "WAYLAND_SOCKET",
    ];

    /// <summary>Makes it.</summary>
    /// <param name="own">Ours; it is changed.</param>
    /// <param name="shown">What was bound: a variable that names one of these stays.</param>
    /// <param name="switchboard">Where the command finds its handle; null: it has none.</param>
    public static IReadOnlyDictionary<string, string> Make(
        Dictionary<string, string> own, IReadOnlyList<string> shown, string? switchboard)
    {
        foreach (string name in Doors)
        {
            if (own.TryGetValue(name, out string? value)
                && !shown.Any(path => value.Contains(path, StringComparison.Ordinal)))
            {
                own.Remove(name);
            }
        }

        if (switchboard is null)
        {
            own.Remove(SwitchboardAddress.Variable);
        }
        else
        {
            own[SwitchboardAddress.Variable] = switchboard;
        }

        return own;
    }
}
