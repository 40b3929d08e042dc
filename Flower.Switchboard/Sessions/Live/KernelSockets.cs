// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.Switchboard.Sessions.Live;

/// <summary>
/// Asks by sock_diag(7), with a socket that is open only meanwhile. For any thread. Where that is forbidden
/// (<c>RestrictAddressFamilies=AF_UNIX</c> in a unit), nothing can be known.
/// </summary>
internal sealed class KernelSockets : IOpenSockets
{
    // While sockets come and go, the kernel may leave one out (see SocketDiagnostics); hardly the same one twice.
    private const int Readings = 2;

    /// <inheritdoc/>
    public OpenSockets? Read(bool unixOnly)
    {
        try
        {
            using SocketDiagnostics diagnostics = SocketDiagnostics.Open();
            var cookies = new HashSet<ulong>();
            for (int i = 0; i < Readings; i++)
            {
                diagnostics.ReadUnix(socket =>
                {
                    if (socket.PeerInode != 0)
                    {
                        cookies.Add(socket.Cookie);
                    }
                });
                if (!unixOnly)
                {
                    // However few there are, the kernel looks through its whole table of them, for a millisecond.
                    diagnostics.ReadTcp(measured: false, socket => cookies.Add(socket.Cookie));
                }
            }

            return new OpenSockets(diagnostics.Network, cookies);
        }
        catch (FlowerSocketException e)
            when (e.Errno is not (Errno.MFile or Errno.NFile or Errno.NoMem or Errno.NoBufs or Errno.Again))
        {
            return null;
        }
    }
}
