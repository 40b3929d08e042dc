// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Inspection;

/// <summary>
/// Which processes hold a socket, from /proc/PID/fd (proc(5)), where this process may look: those of its own user, as root
/// all. To look at all of them takes long, so mostly those are looked at that are likely, or had one before. For one thread.
/// </summary>
public sealed class SocketHolders
{
    private const string Prefix = "socket:[";

    private readonly HashSet<int> _known = [];

    /// <summary>Finds them.</summary>
    /// <param name="inodes">Of the sockets.</param>
    /// <param name="likely">Who may have them.</param>
    /// <param name="everywhere">Look at every process.</param>
    /// <returns>The holders of each, in ascending order; none: nobody, or somebody who cannot be looked at.</returns>
    public IReadOnlyDictionary<uint, List<int>> Find(
        IReadOnlySet<uint> inodes, IEnumerable<int> likely, bool everywhere)
    {
        var found = new Dictionary<uint, List<int>>();
        _known.UnionWith(likely);
        if (inodes.Count > 0)
        {
            Look(everywhere ? Processes() : _known, inodes, found);
        }

        _known.Clear();
        foreach (List<int> holders in found.Values)
        {
            holders.Sort();
            _known.UnionWith(holders);
        }

        return found;
    }

    private static IEnumerable<int> Processes() => Directory.EnumerateDirectories("/proc")
        .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : 0)
        .Where(pid => pid > 0);

    private static void Look(IEnumerable<int> pids, IReadOnlySet<uint> inodes, Dictionary<uint, List<int>> found)
    {
        foreach (int pid in pids)
        {
            foreach (uint inode in SocketsOf(pid))
            {
                if (inodes.Contains(inode))
                {
                    if (!found.TryGetValue(inode, out List<int>? holders))
                    {
                        found.Add(inode, holders = []);
                    }

                    if (!holders.Contains(pid))
                    {
                        holders.Add(pid);
                    }
                }
            }
        }
    }

    private static List<uint> SocketsOf(int pid)
    {
        var sockets = new List<uint>();
        try
        {
            foreach (string entry in Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd"))
            {
                if (new FileInfo(entry).LinkTarget is string target
                    && target.StartsWith(Prefix, StringComparison.Ordinal)
                    && uint.TryParse(
                        target.AsSpan(Prefix.Length, target.Length - Prefix.Length - 1), NumberStyles.None,
                        CultureInfo.InvariantCulture, out uint inode))
                {
                    sockets.Add(inode);
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile, or is another user's.
        }

        return sockets;
    }
}
