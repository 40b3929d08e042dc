// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;

namespace Flower.Ingress.Peek;

/// <summary>
/// What a TLS client asks for in the clear: <c>tls_server_name</c> (RFC 6066 §3) and <c>tls_alpn</c> (RFC 7301 §3.1) of
/// the ClientHello (RFC 8446 §4.1.2, RFC 5246 §7.4.1.2), which may be spread over any number of records. Pure: it keeps
/// nothing, and reads no byte that it was not given.
/// </summary>
internal static class TlsPeek
{
    /// <summary>The most bytes it looks at: a full record with its header. A ClientHello has 0.5 to 2 KB.</summary>
    internal const int MaxBytes = (16 * 1024) + RecordHeaderBytes;

    private const int RecordHeaderBytes = 5;
    private const int MaxFragmentBytes = 16 * 1024;
    private const int MessageHeaderBytes = 4;
    private const int HandshakeRecord = 22;
    private const int ClientHelloMessage = 1;

    /// <param name="first">All bytes so far, from the first.</param>
    internal static PeekResult Read(ReadOnlySpan<byte> first)
    {
        bool isCut = first.Length >= MaxBytes;
        PeekStatus status = FindMessage(first[..Math.Min(first.Length, MaxBytes)], out int records, out int length);
        return status switch
        {
            PeekStatus.More => isCut ? PeekResult.Malformed : PeekResult.More,
            PeekStatus.Malformed => PeekResult.Malformed,
            _ when records == 1 => ClientHello.Read(
                first.Slice(RecordHeaderBytes + MessageHeaderBytes, length - MessageHeaderBytes)),
            _ => ClientHello.Read(Join(first, length).AsSpan(MessageHeaderBytes)),
        };
    }

    // Walks the records until they hold the whole message, whose length includes its own header.
    private static PeekStatus FindMessage(ReadOnlySpan<byte> rest, out int records, out int length)
    {
        Span<byte> header = stackalloc byte[MessageHeaderBytes];
        int seen = 0;
        length = int.MaxValue;
        for (records = 1; ; records++)
        {
            PeekStatus status = ReadRecord(ref rest, out ReadOnlySpan<byte> fragment);
            if (status == PeekStatus.Malformed)
            {
                return status;
            }

            if (seen < MessageHeaderBytes)
            {
                fragment[..Math.Min(fragment.Length, MessageHeaderBytes - seen)].CopyTo(header[seen..]);
            }

            seen += fragment.Length;
            if (seen > 0 && header[0] != ClientHelloMessage)
            {
                return PeekStatus.Malformed;
            }

            if (seen >= MessageHeaderBytes)
            {
                length = MessageHeaderBytes + (int)(BinaryPrimitives.ReadUInt32BigEndian(header) & 0xFF_FFFF);
            }

            if (seen >= length || length is > MaxBytes and < int.MaxValue)
            {
                return seen >= length ? PeekStatus.Done : PeekStatus.Malformed;
            }

            if (status == PeekStatus.More)
            {
                return status;
            }
        }
    }

    // More: the fragment is what is there of it. The version is not looked at but for its first byte (RFC 8446 §5.1).
    private static PeekStatus ReadRecord(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> fragment)
    {
        fragment = default;
        if (rest is [not HandshakeRecord, ..] or [_, not 3, ..])
        {
            return PeekStatus.Malformed;
        }

        if (rest.Length < RecordHeaderBytes)
        {
            return PeekStatus.More;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(rest[3..]);
        if (length is 0 or > MaxFragmentBytes)
        {
            return PeekStatus.Malformed;
        }

        int there = Math.Min(length, rest.Length - RecordHeaderBytes);
        fragment = rest.Slice(RecordHeaderBytes, there);
        rest = rest[(RecordHeaderBytes + there)..];
        return there == length ? PeekStatus.Done : PeekStatus.More;
    }

    private static byte[] Join(ReadOnlySpan<byte> rest, int length)
    {
        byte[] message = new byte[length];
        for (int seen = 0; seen < length;)
        {
            ReadRecord(ref rest, out ReadOnlySpan<byte> fragment);
            fragment = fragment[..Math.Min(fragment.Length, length - seen)];
            fragment.CopyTo(message.AsSpan(seen));
            seen += fragment.Length;
        }

        return message;
    }
}
