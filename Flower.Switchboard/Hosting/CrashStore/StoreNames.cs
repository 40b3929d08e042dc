// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Switchboard.Hosting.CrashStore;

/// <summary>What the switchboard calls its descriptors in the service manager's store (FDNAME, sd_notify(3)).</summary>
internal static class StoreNames
{
    public const string HandleDoor = "flower-door-handle";
    public const string GrpcDoor = "flower-door-grpc";
    public const string Control = "flower-door-control";

    private const string JournalPrefix = "flower-journal-";
    private const string SessionPrefix = "flower-session-";

    /// <summary>Whether the switchboard stored what is called so.</summary>
    public static bool IsOne(string name) =>
        name is HandleDoor or GrpcDoor or Control || JournalOf(name) + SessionOf(name) > 0;

    public static string Journal(ulong generation) => JournalPrefix + generation.ToString(CultureInfo.InvariantCulture);

    public static string Session(ulong number) => SessionPrefix + number.ToString(CultureInfo.InvariantCulture);

    /// <summary>The generation of a journal; 0: the name is not one's.</summary>
    public static ulong JournalOf(string name) => NumberAfter(name, JournalPrefix);

    /// <summary>The number of a session; 0: the name is not one's.</summary>
    public static ulong SessionOf(string name) => NumberAfter(name, SessionPrefix);

    private static ulong NumberAfter(string name, string prefix) =>
        name.StartsWith(prefix, StringComparison.Ordinal)
        && ulong.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out ulong number)
            ? number
            : 0;
}
