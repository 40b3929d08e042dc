// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.CommandLine;
using Flower.Run.Box;
using Flower.Run.Names;

namespace Flower.Run.Agent;

/// <summary>The files by which programs find names, where they are and as the box sees them.</summary>
internal static class NameFiles
{
    private const string ResolvConf = "/etc/resolv.conf";
    private const string Hosts = "/etc/hosts";
    private const string NsSwitch = "/etc/nsswitch.conf";

    /// <summary>Makes them. What is not there outside cannot be made inside, where it would be outside as well.</summary>
    public static IReadOnlyList<BoxFile> Make()
    {
        if (PlaceOf(ResolvConf) is null)
        {
            Tool.Say(RunCommand.FullName, $"there is no {ResolvConf}: names are not found in the box");
        }

        IEnumerable<BoxFile?> files =
        [
            FileOf(ResolvConf, _ => BoxFiles.ResolvConf),
            FileOf(Hosts, _ => BoxFiles.Hosts(Environment.MachineName)),
            FileOf(NsSwitch, BoxFiles.NsSwitch),
        ];
        return [.. files.OfType<BoxFile>()];
    }

    // In a box within a box they are there already, and nothing can be mounted over them: they have no name any more.
    private static BoxFile? FileOf(string path, Func<string, string> content) =>
        PlaceOf(path) is { } place && !BoxFiles.IsOurs(TextOf(path))
            ? new(place, Encoding.UTF8.GetBytes(content(TextOf(path))))
            : null;

    // Empty: there is none, or none for us.
    private static string TextOf(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return string.Empty;
        }
    }

    // A link may lead to a place that is hidden, where bubblewrap makes the file.
    private static string? PlaceOf(string path) =>
        BoxPaths.Locate(path) ?? (new FileInfo(path) is { LinkTarget: not null } link
            ? link.ResolveLinkTarget(returnFinalTarget: true)?.FullName
            : null);
}
