// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Rpc.Interop;

/// <summary>
/// Which descriptors a service manager passed to this process, by number and name: LISTEN_PID, LISTEN_FDS and
/// LISTEN_FDNAMES, as sd_listen_fds(3) defines them. Pure: knows the numbers only.
/// </summary>
public static class PassedByManager
{
    private const int First = 3;
    private const int Most = 1 << 20;

    /// <summary>Their numbers and names, in order; empty where <paramref name="why"/> says why there are none.</summary>
    /// <param name="environment">The value of a variable, or null.</param>
    /// <param name="processId">This process.</param>
    /// <param name="why">For people; null: there are some.</param>
    public static IReadOnlyList<(int Number, string Name)> Read(
        Func<string, string?> environment, int processId, out string? why)
    {
        ArgumentNullException.ThrowIfNull(environment);
        string? count = environment("LISTEN_FDS");
        string? owner = environment("LISTEN_PID");
        int passed = 0;
        why = string.IsNullOrEmpty(count) ? "LISTEN_FDS is not set"
            : owner != processId.ToString(CultureInfo.InvariantCulture)
            ? $"LISTEN_PID is '{owner}', and this process is {processId}"
            : !int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out passed) || passed is < 1 or > Most
            ? $"LISTEN_FDS is '{count}'"
            : null;
        if (why is not null)
        {
            return [];
        }

        // Without names, each is called "unknown"; see sd_listen_fds_with_names(3).
        string[] names = environment("LISTEN_FDNAMES") is { Length: > 0 } list ? list.Split(':') : [];
        return [.. Enumerable.Range(0, passed).Select(i => (First + i, i < names.Length ? names[i] : "unknown"))];
    }
}
