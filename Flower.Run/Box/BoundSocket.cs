// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Run.Box;

/// <summary>A socket that has a path (proc_net_unix(5)).</summary>
/// <param name="Path">The absolute path to which it was bound.</param>
/// <param name="IsDoor">Whether packets are accepted there, as on a switchboard's handle door.</param>
internal readonly record struct BoundSocket(string Path, bool IsDoor)
{
    private const int Columns = 7;
    private const int AcceptsConnections = 0x10000;
    private const string SeqPacket = "0005";

    /// <summary>The kernel's list of those of this network namespace; once open, it is of that one in any other.</summary>
    public const string ListPath = "/proc/self/net/unix";

    /// <summary>
    /// Reads the lines of /proc/net/unix. Abstract names are left out, since the box's network has its own, and
    /// relative paths, since nobody tells from where.
    /// </summary>
    public static IReadOnlyList<BoundSocket> Parse(IEnumerable<string> lines)
    {
        var found = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (string line in lines)
        {
            // The seven columns before it have no spaces within them, the path may.
            string[] columns = line.Split(' ', Columns + 1, StringSplitOptions.RemoveEmptyEntries);
            if (columns.Length > Columns && columns[Columns].StartsWith('/'))
            {
                bool accepts = int.TryParse(
                    columns[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out int flags)
                    && (flags & AcceptsConnections) != 0;
                string path = columns[Columns];
                found[path] = found.GetValueOrDefault(path) || (accepts && columns[4] == SeqPacket);
            }
        }

        return [.. found
            .OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => new BoundSocket(pair.Key, pair.Value))];
    }
}
