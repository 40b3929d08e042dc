// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// Which socket it is, whoever holds it: the numbers that the kernel gives to sockets and to network namespaces, and never
/// again until it is booted anew.
/// </summary>
/// <param name="Cookie">Of the socket (SO_COOKIE, since Linux 4.12), by which sock_diag(7) knows it. 0: not known.</param>
/// <param name="Network">Of the network namespace in which it was made (SO_NETNS_COOKIE, since Linux 5.14). 0: not
/// known.</param>
public readonly record struct SocketIdentity(ulong Cookie, ulong Network)
{
    /// <summary>Asks the kernel.</summary>
    public static SocketIdentity Of(SafeHandle socket) => new(CookieOf(socket), NetworkOf(socket));

    /// <summary>The number of a socket alone.</summary>
    public static ulong CookieOf(SafeHandle socket) => Get(socket, Native.SoCookie);

    /// <summary>The number of the network namespace of a socket alone.</summary>
    public static ulong NetworkOf(SafeHandle socket) => Get(socket, Native.SoNetnsCookie);

    private static unsafe ulong Get(SafeHandle socket, int option)
    {
        ulong value = 0;
        uint length = sizeof(ulong);
        return Native.GetSockOpt(socket, Native.SolSocket, option, &value, &length) == 0 && length == sizeof(ulong) ? value : 0;
    }
}
