// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <content>What it takes to tell sockets apart and to ask the kernel about them.</content>
internal static unsafe partial class Native
{
    internal const int SoCookie = 57;
    internal const int SoNetnsCookie = 71;
    internal const int NetlinkSockDiag = 4;
}
