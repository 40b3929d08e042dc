// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>What the kernel measures of a TCP connection (struct tcp_info, linux/tcp.h; tcp(7)).</summary>
/// <param name="RoundTripMicroseconds">The smoothed round trip time.</param>
/// <param name="Retransmits">Segments that were sent again.</param>
/// <param name="SentBytes">Bytes that were sent and acknowledged, a SYN and a FIN as one each; null: the kernel is older than 4.1.</param>
/// <param name="ReceivedBytes">Bytes that were received; null: the same.</param>
public readonly record struct TcpMeasures(
    uint RoundTripMicroseconds, uint Retransmits, ulong? SentBytes, ulong? ReceivedBytes)
{
    // Where they stand in the structure, which has only ever grown at its end.
    private const int RoundTripOffset = 68;
    private const int RetransmitsOffset = 100;
    private const int SentOffset = 120;
    private const int ReceivedOffset = 128;

    /// <summary>Reads them; null: there is too little.</summary>
    internal static TcpMeasures? Read(ReadOnlySpan<byte> info) => info.Length < RetransmitsOffset + sizeof(uint)
        ? null
        : new(
            MemoryMarshal.Read<uint>(info[RoundTripOffset..]),
            MemoryMarshal.Read<uint>(info[RetransmitsOffset..]),
            ReadLong(info, SentOffset),
            ReadLong(info, ReceivedOffset));

    private static ulong? ReadLong(ReadOnlySpan<byte> info, int offset) =>
        info.Length >= offset + sizeof(ulong) ? MemoryMarshal.Read<ulong>(info[offset..]) : null;
}
