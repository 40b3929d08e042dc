// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;

namespace Flower.Run.Names;

/// <summary>The one question of a message (RFC 1035 §4.1.2, RFC 9619), and what its sender says of EDNS (RFC 6891).</summary>
internal readonly ref struct DnsQuestion
{
    private const int MaxWireName = 255;
    private const int TypeAndClassBytes = 4;
    private const int RecordBytes = 10;
    private const int PointerBits = 0xC0;
    private const ushort Opt = 41;
    private const int DnssecOkBit = 0x80;

    private DnsQuestion(ReadOnlySpan<byte> section, ReadOnlySpan<byte> name, bool isHost)
    {
        Section = section;
        Name = name;
        IsHost = isHost;
        Type = BinaryPrimitives.ReadUInt16BigEndian(section[^4..]);
        Class = BinaryPrimitives.ReadUInt16BigEndian(section[^2..]);
    }

    /// <summary>The bytes of the question: name, type and class.</summary>
    public ReadOnlySpan<byte> Section { get; }

    /// <summary>The name in small letters with dots between its labels; empty: the root. Only where
    /// <see cref="IsHost"/> says so do the dots mean what they seem to.</summary>
    public ReadOnlySpan<byte> Name { get; }

    /// <summary>Whether a host can have the name.</summary>
    public bool IsHost { get; }

    /// <summary>The type that is asked for.</summary>
    public ushort Type { get; }

    /// <summary>The class that is asked for.</summary>
    public ushort Class { get; }

    /// <summary>The version of EDNS that the sender speaks; -1: none.</summary>
    public int EdnsVersion { get; private init; } = -1;

    /// <summary>Whether it wants DNSSEC's records, which is said back to it (RFC 3225 §3).</summary>
    public bool IsDnssecOk { get; private init; }

    /// <summary>Reads a message from its header on. False: it is malformed, or more than a question.</summary>
    /// <param name="message">The message; at least a header.</param>
    /// <param name="text">Where the name is put: <see cref="HostText.MaxBytes"/>.</param>
    /// <param name="question">The question.</param>
    public static bool TryRead(ReadOnlySpan<byte> message, Span<byte> text, out DnsQuestion question)
    {
        question = default;
        int questions = BinaryPrimitives.ReadUInt16BigEndian(message[4..]);
        int answers = BinaryPrimitives.ReadUInt16BigEndian(message[6..]);
        int authorities = BinaryPrimitives.ReadUInt16BigEndian(message[8..]);
        int additional = BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        ReadOnlySpan<byte> body = message[DnsMessage.HeaderBytes..];
        if (questions != 1 || answers != 0 || authorities != 0
            || !TryReadName(body, text, out int wireLength, out int textLength, out bool hasDotInLabel)
            || body.Length < wireLength + TypeAndClassBytes)
        {
            return false;
        }

        ReadOnlySpan<byte> name = text[..textLength];
        question = new(body[..(wireLength + TypeAndClassBytes)], name, !hasDotInLabel && HostText.IsHost(name));
        return TryReadAdditional(body[question.Section.Length..], additional, ref question);
    }

    // Labels one after another; nothing stands before the question to which a pointer could point.
    private static bool TryReadName(
        ReadOnlySpan<byte> body, Span<byte> text, out int wireLength, out int textLength, out bool hasDotInLabel)
    {
        wireLength = textLength = 0;
        hasDotInLabel = false;
        while (wireLength < Math.Min(body.Length, MaxWireName))
        {
            int length = body[wireLength++];
            if (length == 0)
            {
                return true;
            }

            if (length > HostText.MaxLabelBytes || wireLength + length >= Math.Min(body.Length, MaxWireName))
            {
                return false;
            }

            if (textLength > 0)
            {
                text[textLength++] = (byte)'.';
            }

            foreach (byte b in body.Slice(wireLength, length))
            {
                hasDotInLabel |= b == '.';
                text[textLength++] = b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 0x20) : b;
            }

            wireLength += length;
        }

        return false;
    }

    // Records that are not known, such as signatures of the message, are passed over.
    private static bool TryReadAdditional(ReadOnlySpan<byte> rest, int count, ref DnsQuestion question)
    {
        for (; count > 0; count--)
        {
            int name = SkipName(rest);
            if (name == 0 || rest.Length < name + RecordBytes)
            {
                return false;
            }

            ReadOnlySpan<byte> record = rest[name..];
            int length = RecordBytes + BinaryPrimitives.ReadUInt16BigEndian(record[8..]);
            if (record.Length < length)
            {
                return false;
            }

            if (BinaryPrimitives.ReadUInt16BigEndian(record) == Opt)
            {
                // One at most, and at the root (RFC 6891 §6.1.1 and §6.1.2).
                if (question.EdnsVersion >= 0 || name != 1)
                {
                    return false;
                }

                question = question with { EdnsVersion = record[5], IsDnssecOk = (record[6] & DnssecOkBit) != 0 };
            }

            rest = record[length..];
        }

        return rest.IsEmpty;
    }

    // The bytes of a name, whose end may be a pointer; 0: it is malformed.
    private static int SkipName(ReadOnlySpan<byte> rest)
    {
        for (int at = 0; at < rest.Length; at += 1 + rest[at])
        {
            if (rest[at] == 0)
            {
                return at + 1;
            }

            if (rest[at] > HostText.MaxLabelBytes)
            {
                return (rest[at] & PointerBits) == PointerBits ? at + 2 : 0;
            }
        }

        return 0;
    }
}
