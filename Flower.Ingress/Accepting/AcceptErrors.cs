// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

namespace Flower.Ingress.Accepting;

/// <summary>Reads the errors of accept(2).</summary>
internal static class AcceptErrors
{
    // EPERM (a firewall's), EPROTO, ENONET, ENOPROTOOPT, EOPNOTSUPP, ENETDOWN, ENETUNREACH, ECONNABORTED, EHOSTDOWN,
    // EHOSTUNREACH: accept(2) passes on what already happened to the connection, and says to try again.
    private static readonly int[] OfTheConnection =
        [1, 71, 64, 92, 95, 100, 101, 103, 112, 113, Errno.Intr, Errno.ConnReset];

    /// <summary>What to do about it.</summary>
    public static AcceptVerdict Judge(int errno) => errno switch
    {
        Errno.Again => AcceptVerdict.Empty,
        Errno.BadF or Errno.Inval => AcceptVerdict.Gone,
        _ when OfTheConnection.Contains(errno) => AcceptVerdict.Next,
        // What is not known must not be tried over and over without a pause either.
        _ => AcceptVerdict.Shortage,
    };

    /// <summary>The same in words, for a shortage.</summary>
    public static string Explain(int errno) => errno switch
    {
        Errno.MFile => "no descriptor left to accept a connection: raise ulimit -n",
        Errno.NFile => "no descriptor left on this machine to accept a connection: raise fs.file-max",
        Errno.NoBufs or Errno.NoMem => "no memory left to accept a connection",
        _ => $"cannot accept a connection ({Errno.NameOf(errno)})",
    };
}
