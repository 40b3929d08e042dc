// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>Who sent a packet, as the kernel says it (struct ucred, unix(7)).</summary>
/// <param name="Pid">The process; 0 when the kernel cannot name it here.</param>
/// <param name="Uid">Its user.</param>
/// <param name="Gid">Its group.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct Credentials(int Pid, uint Uid, uint Gid);
