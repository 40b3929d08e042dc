// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <content>What it takes to see packets that a firewall rule logs, and to send packets that are whole already.</content>
internal static unsafe partial class Native
{
    internal const int AfNetlink = 16;
    internal const int SockRaw = 3;
    internal const int NetlinkNetfilter = 12;
    internal const int SolNetlink = 270;
    internal const int NetlinkNoENoBufs = 5;
    internal const int SoRcvBuf = 8;
    internal const int SoRcvBufForce = 33;
    internal const int SoMark = 36;
    internal const int IpProtoRaw = 255;
    internal const int SockAddrNetlinkBytes = 12;
}
