// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Rpc.Interop;

namespace Flower.Ingress.Listening;

/// <summary>
/// The listening sockets that a service manager passed to this process, for people who name them on the command line.
/// Pure: knows the numbers only.
/// </summary>
internal static class SystemdSockets
{
    private const string Remedy = "start this from a .socket unit, or with systemd-socket-activate";

    /// <param name="environment">The value of a variable, or null.</param>
    /// <param name="processId">This process.</param>
    /// <exception cref="ToolException">None was passed, or they are another process's.</exception>
    public static IReadOnlyList<(int Number, string Name)> Read(Func<string, string?> environment, int processId)
    {
        IReadOnlyList<(int Number, string Name)> passed = PassedByManager.Read(environment, processId, out string? why);
        return why is null ? passed : throw new ToolException(
            ExitCodes.Unavailable, $"systemd: no socket was passed to this process ({why}): {Remedy}");
    }

    /// <summary>Those of a name, or all (null).</summary>
    /// <exception cref="ToolException">None has the name.</exception>
    public static IReadOnlyList<int> Choose(IReadOnlyList<(int Number, string Name)> passed, string? name)
    {
        int[] chosen = [.. passed.Where(socket => name is null || socket.Name == name).Select(socket => socket.Number)];
        return chosen.Length > 0 ? chosen : throw new ToolException(
            ExitCodes.Unavailable,
            $"systemd:{name}: no socket of this name was passed, but "
                + $"{string.Join(", ", passed.Select(s => s.Name).Distinct())}: see FileDescriptorName= in systemd.socket(5)");
    }
}
