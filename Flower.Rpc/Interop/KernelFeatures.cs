// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// What this kernel can do for this process, of what Flower uses where it is there. Each is tried, and nothing is left behind;
/// what a sandbox forbids counts as missing.
/// </summary>
public static unsafe class KernelFeatures
{
    private const nint LandlockCreateRulesetVersion = 1;

    /// <summary>pidfd_open(2), Linux 5.3.</summary>
    public static bool HasProcessDescriptors => Works(static () => ProcessDescriptor.Open(Environment.ProcessId).Dispose());

    /// <summary>A pidfd that comes with a packet (SO_PASSPIDFD), Linux 6.5.</summary>
    public static bool HasPacketProcessDescriptors => HasOption(Native.SoPassPidFd);

    /// <summary>That no descriptors are taken on a socket (SO_PASSRIGHTS), Linux 6.16.</summary>
    public static bool HasDescriptorRefusal => HasOption(Native.SoPassRights);

    /// <summary>The number of a socket (SO_COOKIE), Linux 4.12.</summary>
    public static bool HasSocketCookies => HasPair(static socket => SocketIdentity.CookieOf(socket) != 0);

    /// <summary>The supplementary groups of who connected (SO_PEERGROUPS), Linux 4.13.</summary>
    public static bool HasPeerGroups => HasPair(static socket => SocketPeer.Of(socket) is not null);

    /// <summary>That the kernel tells of its sockets (sock_diag(7)).</summary>
    public static bool HasSocketDiagnostics => Works(static () => SocketDiagnostics.Open().Dispose());

    /// <summary>Files in memory (memfd_create(2)), Linux 3.17.</summary>
    public static bool HasMemoryFiles => Works(static () => MemoryFile.Create("flower-doctor").Dispose());

    /// <summary>That the kernel moves bytes between sockets (splice(2)).</summary>
    public static bool HasSplice
    {
        get
        {
            using KernelPipe? pipe = KernelPipe.TryCreate(4096);
            // There is nothing to move, which another error would not say.
            return pipe is not null && HasPair(socket => pipe.Fill(socket, 1) == -Errno.Again);
        }
    }

    /// <summary>The version of Landlock (landlock(7)); 0: there is none. 4 forbids TCP (Linux 6.7), 6 has scopes (6.12).</summary>
    public static int LandlockVersion => (int)Math.Max(0, Native.LandlockCreateRuleset(
        (nint)Native.SysLandlockCreateRuleset, null, 0, LandlockCreateRulesetVersion));

    private static bool HasOption(int option) => HasPair(socket => UnixSocket.GetOption(socket, option) >= 0);

    private static bool HasPair(Func<SafeHandle, bool> probe)
    {
        bool found = false;
        return Works(() =>
        {
            (Descriptor one, Descriptor other) = UnixSocket.StreamPair();
            using (one)
            using (other)
            {
                found = probe(one);
            }
        }) && found;
    }

    private static bool Works(Action probe)
    {
        try
        {
            probe();
            return true;
        }
        catch (FlowerSocketException)
        {
            return false;
        }
    }
}
