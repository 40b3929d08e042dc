// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;

namespace Flower.Egress.Dialing;

/// <summary>What a client is told instead of an error number (connect(2), ip(7), unix(7)).</summary>
internal static class DialWords
{
    public static string Of(int errno, string target) => errno switch
    {
        Errno.NoEnt or Errno.NotDir => $"there is no socket {target}",
        Errno.ConnRefused => $"connection refused by {target}",
        Errno.TimedOut => $"{target} did not answer",
        Errno.ConnReset or Errno.Pipe => $"{target} closed the connection at once",
        Errno.HostUnreach => $"no route to {target}",
        Errno.NetUnreach => $"no network to {target}",
        Errno.Acces or Errno.Perm => $"no permission to connect to {target}",
        Errno.Loop => $"{target} leads through too many links, or through a link in /proc",
        Errno.MFile or Errno.NFile => $"the egress has no descriptor left to connect to {target}",
        Errno.AddrNotAvail => $"this machine has no free address or port to connect to {target} from",
        Errno.AfNoSupport => $"this machine has no address family for {target}",
        Errno.ProtoType => $"{target} is no stream socket",
        _ => $"cannot connect to {target}: {Marshal.GetPInvokeErrorMessage(errno)}",
    };

    public static string OfTimeout(TimeSpan limit, string target) =>
        $"{target} did not answer within "
        + (limit.TotalSeconds >= 1 ? FormattableString.Invariant($"{limit.TotalSeconds:0.###} s")
            : FormattableString.Invariant($"{limit.TotalMilliseconds:0} ms"));
}
