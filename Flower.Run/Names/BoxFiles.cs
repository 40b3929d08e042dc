// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using System.Text.RegularExpressions;

namespace Flower.Run.Names;

/// <summary>The files by which programs in a box find names: what they say there.</summary>
/// <remarks>
/// host.conf(5) needs no other text: its only word that matters is <c>multi</c>, whether all lines of /etc/hosts with a name
/// count or the first, and here the first is an address of the box already.
/// </remarks>
internal static partial class BoxFiles
{
    private const string MadeBy = "# Made by flower run --box";
    private const string HostsLine = "hosts:          files dns";

    /// <summary>
    /// /etc/resolv.conf: the name server of the box alone. A name is asked for as it is, with or without a dot, and in no
    /// domain: glibc would take one from the host's name, and is given the root instead; musl before 1.2.4 finds nothing
    /// where the root stands, but looks in no domain after <c>ndots:0</c>. The server is a process of this machine, so that
    /// little patience is enough.
    /// </summary>
    public static string ResolvConf { get; } =
        $"{MadeBy}: its name server gives each name an address of its own, and the switchboard finds what is meant.\n"
        + $"nameserver {SyntheticAddresses.Stub4}\n"
        + "search .\n"
        + "options ndots:0 timeout:2 attempts:2\n";

    /// <summary>Whether a file was made here, for the box in which this one is.</summary>
    public static bool IsOurs(string text) => text.StartsWith(MadeBy, StringComparison.Ordinal);

    /// <summary>/etc/hosts: the box itself, also under the name of the host, and nobody else.</summary>
    /// <param name="hostName">The name of the host as uname(2) says it; left out if it is no name.</param>
    public static string Hosts(string hostName)
    {
        // On lines of its own, so that 127.0.0.1 is called localhost and the name's own canonical name is itself.
        string own = IsName(hostName) ? $"127.0.0.1\t{hostName}\n::1\t{hostName}\n" : "";
        return $"{MadeBy}: other names are asked of its name server.\n"
            + "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" + own;
    }

    /// <summary>
    /// /etc/nsswitch.conf: that of the host, except that names of hosts come from /etc/hosts and the name server alone. Other
    /// sources ask daemons that the box does not reach.
    /// </summary>
    /// <param name="ofHost">The host's text; empty: it has none.</param>
    public static string NsSwitch(string ofHost)
    {
        const string Comment = $"{MadeBy}: the host's, but for the line of hosts.\n";
        string others = ofHost.Length == 0 || ofHost.EndsWith('\n') ? ofHost : ofHost + "\n";
        return Comment + (HostsLines().IsMatch(others)
            ? HostsLines().Replace(others, HostsLine)
            : $"{others}{HostsLine}\n");
    }

    // "localhost" has its lines already, and a number would be an address.
    private static bool IsName(string name) =>
        Ascii.IsValid(name)
        && name.ToLowerInvariant() is var small && small != "localhost" && HostText.IsHost(Encoding.ASCII.GetBytes(small));

    [GeneratedRegex(@"^[ \t]*hosts(:|[ \t]).*$", RegexOptions.Multiline)]
    private static partial Regex HostsLines();
}
