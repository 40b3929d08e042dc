// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <content>Who is at the other end of a Unix socket.</content>
internal static unsafe partial class Native
{
    internal const int SoPeerGroups = 59;
}
