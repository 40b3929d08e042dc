// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.CommandLine;

namespace Flower.Ingress.Listening;

/// <summary>
/// Which descriptors a service manager passed to this process, by number and name: LISTEN_PID, LISTEN_FDS and
/// LISTEN_FDNAMES, as sd_listen_fds(3) defines them. Pure: knows the numbers only.
/// </summary>
internal static class SystemdSockets
{
    private const int First = 3;
    private const int Most = 4096;
    private const string Remedy = "start this from a .socket unit, or with systemd-socket-activate";

    /// <param name="environment">The value of a variable, or null.</param>
    /// <param name="processId">This process.</param>
    /// <exception cref="ToolException">None was passed, or they are another process's.</exception>
    public static IReadOnlyList<(int Number, string Name)> Read(Func<string, string?> environment, int processId)
    {
        string? count = environment("LISTEN_FDS");
        if (string.IsNullOrEmpty(count))
        {
            throw Missing("LISTEN_FDS is not set");
        }

        string? owner = environment("LISTEN_PID");
        if (owner != processId.ToString(CultureInfo.InvariantCulture))
        {
            throw Missing($"LISTEN_PID is '{owner}', and this process is {processId}");
        }

        if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int passed)
            || passed is < 1 or > Most)
        {
            throw Missing($"LISTEN_FDS is '{count}'");
        }

        // Without names, each is called "unknown"; see sd_listen_fds_with_names(3).
        string[] names = environment("LISTEN_FDNAMES") is { Length: > 0 } list ? list.Split(':') : [];
        return [.. Enumerable.Range(0, passed).Select(i => (First + i, i < names.Length ? names[i] : "unknown"))];
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

    private static ToolException Missing(string why) =>
        new(ExitCodes.Unavailable, $"systemd: no socket was passed to this process ({why}): {Remedy}");
}
