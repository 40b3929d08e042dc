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
    public static IPEndPoint Read(SocketAddress name) =>
        (IPEndPoint)(name.Family == AddressFamily.InterNetwork ? Any4 : Any6).Create(name);
}
