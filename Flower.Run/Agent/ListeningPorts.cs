// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;

namespace Flower.Run.Agent;

/// <summary>Who listens in this network namespace, as the kernel tells it (/proc/net/tcp, proc_pid_net(5)).</summary>
internal static class ListeningPorts
{
    private const string Listening = "0A";
    private const int AddressColumn = 1;
    private const int StateColumn = 3;

    /// <summary>Where to connect to for a port; null: nobody listens there.</summary>
    public static IPEndPoint? Find(ushort port) =>
        FindIn("/proc/self/net/tcp", port) ?? FindIn("/proc/self/net/tcp6", port);

    /// <summary>The same, from the lines of such a file.</summary>
    internal static IPEndPoint? Find(IEnumerable<string> lines, ushort port)
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
            if (ushort.Parse(name[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) == port)
            {
                return new(Reachable(ReadAddress(name[0])), port);
            }
        }

        return null;
    }

    private static IPEndPoint? FindIn(string path, ushort port) =>
        File.Exists(path) ? Find(File.ReadLines(path), port) : null;

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

    private static IPAddress Reachable(IPAddress address) =>
        address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
            : address;
}
