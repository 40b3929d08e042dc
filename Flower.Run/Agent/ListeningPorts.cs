// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Flower.Run.Names;

namespace Flower.Run.Agent;

/// <summary>Who listens in this network namespace, as the kernel tells it (/proc/net/tcp, proc_pid_net(5)).</summary>
internal static class ListeningPorts
{
    private const string Listening = "0A";
    private const int AddressColumn = 1;
    private const int StateColumn = 3;

    /// <summary>Where to connect to for a port; null: nobody listens there, or the agent itself.</summary>
    public static IPEndPoint? Find(ushort port, bool hasIPv6) =>
        FindIn("/proc/self/net/tcp", port, hasIPv6) ?? FindIn("/proc/self/net/tcp6", port, hasIPv6);

    /// <summary>The same, from the lines of such a file.</summary>
    internal static IPEndPoint? Find(IEnumerable<string> lines, ushort port, bool hasIPv6)
    {
        foreach (string line in lines.Skip(1))
        {
            string[] columns = line.Split(' ', StateColumn + 2, StringSplitOptions.RemoveEmptyEntries);

            // Listening sockets come first, and there are few; of others there may be many.
            if (columns.Length <= StateColumn || columns[StateColumn] != Listening)
            {
                return null;
            }

            string[] name = columns[AddressColumn].Split(':');
            if (ushort.Parse(name[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) == port
                && ReadAddress(name[0]) is var address && !IsAgents(address))
            {
                return new(Reachable(address, hasIPv6), port);
            }
        }

        return null;
    }

    private static IPEndPoint? FindIn(string path, ushort port, bool hasIPv6) =>
        File.Exists(path) ? Find(File.ReadLines(path), port, hasIPv6) : null;

    private static bool IsAgents(IPAddress address) =>
        address.Equals(SyntheticAddresses.Stub4) || address.Equals(SyntheticAddresses.Stub6);

    // Words of 32 bits, each a number of this processor's.
    private static IPAddress ReadAddress(string text)
    {
        Span<uint> words = stackalloc uint[text.Length / 8];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = uint.Parse(text.AsSpan(i * 8, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }

        return new(MemoryMarshal.AsBytes(words));
    }

    // Who listens on all addresses of IPv6 is reached by IPv4 where there is no other (ipv6(7)).
    private static IPAddress Reachable(IPAddress address, bool hasIPv6) =>
        address.Equals(IPAddress.Any) || (address.Equals(IPAddress.IPv6Any) && !hasIPv6) ? IPAddress.Loopback
            : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
            : address;
}
