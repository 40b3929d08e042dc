// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;

namespace Flower.Run.Network;

/// <summary>The addresses of TCP sockets, as the kernel gives them.</summary>
internal static class SocketNames
{
    private static readonly IPEndPoint Any4 = new(IPAddress.Any, 0);
    private static readonly IPEndPoint Any6 = new(IPAddress.IPv6Any, 0);

    /// <summary>Reads one that a system call has filled in.</summary>
    public static IPEndPoint Read(SocketAddress name)
    {
        var read = (IPEndPoint)(name.Family == AddressFamily.InterNetwork ? Any4 : Any6).Create(name);

        // Of a link-local address it says the interface too, which is lo in a box, and which no packet says.
        return read.AddressFamily == AddressFamily.InterNetworkV6 && read.Address.ScopeId != 0
            ? new(new IPAddress(read.Address.GetAddressBytes()), read.Port)
            : read;
    }
}
