// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Flower.Run.Names;

/// <summary>
/// What the box's name server answers, message by message (RFC 1035 §4): a synthetic address for each name of a host, and
/// the name for the address. Nothing else is known here: of other types, hosts have no records.
/// </summary>
/// <remarks>
/// DnsClient, with which <c>flower resolver dns</c> asks, reads answers and writes questions alone.
/// </remarks>
internal static class DnsMessage
{
    /// <summary>Bytes before the question.</summary>
    public const int HeaderBytes = 12;

    /// <summary>Room for an answer; each fits without EDNS (RFC 1035 §2.3.4), so none is ever truncated.</summary>
    public const int MaxAnswerBytes = 512;

    /// <summary>How long an answer holds, in seconds: less than <see cref="SyntheticNames.HoldTime"/>.</summary>
    public const int TimeToLive = 5;

    /// <summary>The largest datagram that is said to be taken (RFC 6891 §6.2.5).</summary>
    public const int MaxDatagramBytes = 1232;

    private const int ResponseBit = 0x80;
    private const int OpcodeBits = 0x78;
    private const int RecursionDesiredBit = 0x01;
    private const int RecursionAvailableBit = 0x80;
    private const int CheckingDisabledBit = 0x10;
    private const ushort Internet = 1;
    private const ushort A = 1;
    private const ushort Ptr = 12;
    private const ushort Aaaa = 28;
    private const ushort Opt = 41;
    private const ushort PointerToQuestion = 0xC000 | HeaderBytes;

    /// <summary>Answers a message, whatever it is.</summary>
    /// <param name="message">What was received.</param>
    /// <param name="names">Where names get their addresses.</param>
    /// <param name="answer">Where the answer is put: <see cref="MaxAnswerBytes"/>.</param>
    /// <returns>The length of the answer; 0: there is none, since it would have no id, or the message is an answer
    /// itself.</returns>
    public static int Answer(ReadOnlySpan<byte> message, SyntheticNames names, Span<byte> answer)
    {
        if (message.Length < 2 || (message.Length > 2 && (message[2] & ResponseBit) != 0))
        {
            return 0;
        }

        if (message.Length < HeaderBytes)
        {
            return WriteHeader(message, DnsCode.FormatError, answer);
        }

        if ((message[2] & OpcodeBits) != 0)
        {
            return WriteHeader(message, DnsCode.NotImplemented, answer);
        }

        Span<byte> text = stackalloc byte[HostText.MaxBytes];
        if (!DnsQuestion.TryRead(message, text, out DnsQuestion question))
        {
            return WriteHeader(message, DnsCode.FormatError, answer);
        }

        Span<byte> data = stackalloc byte[HostText.MaxBytes + 2];
        DnsCode code = Find(question, names, data, out int dataLength);
        int length = WriteHeader(message, code, answer);
        length += Write(question, data[..dataLength], answer);
        return question.EdnsVersion < 0 ? length : length + WriteOpt(question, code, answer, length);
    }

    private static DnsCode Find(DnsQuestion question, SyntheticNames names, Span<byte> data, out int length)
    {
        length = 0;
        ReadOnlySpan<byte> name = question.Name;
        if (question.EdnsVersion > 0)
        {
            return DnsCode.BadVersion;
        }

        if (question.Class != Internet)
        {
            return DnsCode.Refused;
        }

        if (!question.IsHost || HostText.IsWithin(name, "invalid"u8))
        {
            // The root exists, although no host has its name.
            return name.IsEmpty ? DnsCode.NoError : DnsCode.NoSuchName;
        }

        if (ReverseName.IsReverse(name))
        {
            return FindName(question, names, data, out length);
        }

        return question.Type switch
        {
            A => FindAddress(name, names, data[..SyntheticAddresses.Bytes4], out length),
            Aaaa when names.HasIPv6 => FindAddress(name, names, data[..SyntheticAddresses.Bytes6], out length),
            _ => DnsCode.NoError,
        };
    }

    private static DnsCode FindAddress(ReadOnlySpan<byte> name, SyntheticNames names, Span<byte> data, out int length)
    {
        length = data.Length;
        bool is4 = length == SyntheticAddresses.Bytes4;
        if (HostText.IsWithin(name, "localhost"u8))
        {
            // RFC 6761 §6.3.
            (is4 ? IPAddress.Loopback : IPAddress.IPv6Loopback).TryWriteBytes(data, out _);
            return DnsCode.NoError;
        }

        if (!names.TryGive(name, out int number))
        {
            length = 0;
            return DnsCode.ServerFailure;
        }

        if (is4)
        {
            SyntheticAddresses.Write4(number, data);
        }
        else
        {
            SyntheticAddresses.Write6(number, data);
        }

        return DnsCode.NoError;
    }

    private static DnsCode FindName(DnsQuestion question, SyntheticNames names, Span<byte> data, out int length)
    {
        length = 0;
        if (ReverseName.Parse(question.Name) is not { } address)
        {
            return DnsCode.NoSuchName;
        }

        bool isLocal = address.Equals(IPAddress.Loopback) || address.Equals(IPAddress.IPv6Loopback);
        string? name = isLocal ? "localhost" : names.Find(address)?.Name;
        if (name is not null && question.Type == Ptr)
        {
            foreach (Range label in name.AsSpan().Split('.'))
            {
                int written = Encoding.ASCII.GetBytes(name.AsSpan(label), data[(length + 1)..]);
                data[length] = (byte)written;
                length += 1 + written;
            }

            data[length++] = 0;
        }

        return name is null ? DnsCode.NoSuchName : DnsCode.NoError;
    }

    // The message has at least an id.
    private static int WriteHeader(ReadOnlySpan<byte> message, DnsCode code, Span<byte> answer)
    {
        answer[..HeaderBytes].Clear();
        message[..2].CopyTo(answer);
        int high = message.Length > 2 ? message[2] : 0;
        int low = message.Length > 3 ? message[3] : 0;
        answer[2] = (byte)(ResponseBit | (high & (OpcodeBits | RecursionDesiredBit)));
        answer[3] = (byte)(RecursionAvailableBit | (low & CheckingDisabledBit) | ((int)code & 0xF));
        return HeaderBytes;
    }

    // The question as it came, letter by letter: its case may be a secret that is asked back (draft-vixie-dnsext-dns0x20).
    private static int Write(DnsQuestion question, ReadOnlySpan<byte> data, Span<byte> answer)
    {
        answer[5] = 1;
        question.Section.CopyTo(answer[HeaderBytes..]);
        if (data.IsEmpty)
        {
            return question.Section.Length;
        }

        answer[7] = 1;
        Span<byte> record = answer[(HeaderBytes + question.Section.Length)..];
        BinaryPrimitives.WriteUInt16BigEndian(record, PointerToQuestion);
        BinaryPrimitives.WriteUInt16BigEndian(record[2..], question.Type);
        BinaryPrimitives.WriteUInt16BigEndian(record[4..], Internet);
        BinaryPrimitives.WriteUInt32BigEndian(record[6..], TimeToLive);
        BinaryPrimitives.WriteUInt16BigEndian(record[10..], (ushort)data.Length);
        data.CopyTo(record[12..]);
        return question.Section.Length + 12 + data.Length;
    }

    private static int WriteOpt(DnsQuestion question, DnsCode code, Span<byte> answer, int length)
    {
        answer[11] = 1;
        Span<byte> record = answer.Slice(length, 11);
        record.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(record[1..], Opt);
        BinaryPrimitives.WriteUInt16BigEndian(record[3..], MaxDatagramBytes);
        record[5] = (byte)((int)code >> 4);
        record[7] = (byte)(question.IsDnssecOk ? 0x80 : 0);
        return record.Length;
    }
}
