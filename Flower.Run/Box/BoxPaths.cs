// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.Run.Box;

/// <summary>Questions about paths, asked of the file system as it is outside the box.</summary>
internal static class BoxPaths
{
    /// <summary>Whether a path, without links, is a directory or lies in it.</summary>
    public static bool IsWithin(string path, string directory) =>
        path == directory || directory == "/"
        || (path.StartsWith(directory, StringComparison.Ordinal) && path[directory.Length] == '/');

    /// <summary>Where a path leads, without links; null: nowhere, or not for us.</summary>
    public static string? Locate(string path)
    {
        using var opened = SocketPath.TryOpen(path, out _);
        return opened?.Location;
    }

    /// <summary>
    /// The places at which a path must be shown: where it leads and, if it is a link itself, where the link is.
    /// </summary>
    /// <exception cref="ToolException">There is nothing.</exception>
    public static IReadOnlyList<string> PlacesOf(string option, string path)
    {
        using var opened = SocketPath.TryOpen(Path.GetFullPath(path), out int errno);
        if (opened is null)
        {
            throw new ToolException(
                errno == Errno.Acces ? ExitCodes.Denied : ExitCodes.Usage,
                $"{option} {LabelRules.Printable(path)}: {new FlowerSocketException("cannot show it", errno).Message}");
        }

        return EntryOf(path) is { } entry && entry != opened.Location ? [opened.Location, entry] : [opened.Location];
    }

    /// <summary>Where a name stands, without links on the way to it, whatever it is itself.</summary>
    public static string? EntryOf(string path)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return Path.GetDirectoryName(full) is { } above && Locate(above) is { } directory
            ? Path.Combine(directory, Path.GetFileName(full))
            : null;
    }

    /// <summary>The file that a shell would start; null: there is none.</summary>
    public static string? FindProgram(string name)
    {
        if (name.Contains('/', StringComparison.Ordinal))
        {
            return Path.GetFullPath(name);
        }

        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "/bin:/usr/bin").Split(':');
        return folders.Select(folder => Path.GetFullPath(Path.Combine(folder.Length == 0 ? "." : folder, name)))
            .FirstOrDefault(file => Exec.Probe(file) == 0);
    }
}
