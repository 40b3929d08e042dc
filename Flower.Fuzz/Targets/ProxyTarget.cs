// SPDX-License-Identifier: BSD-2-Clause
using Flower.ProxyProtocol;

namespace Flower.Fuzz.Targets;

/// <summary>A PROXY header of either version.</summary>
internal static class ProxyTarget
{
    public static void Run(byte[] input)
    {
        ProxyReadStatus status = ProxyHeaderReader.TryRead(input, out ProxyHeader? header, out int length);
        switch (status)
        {
            case ProxyReadStatus.Done:
                BrokenException.Unless(
                    header is not null && length > 0 && length <= input.Length
                        && header.Source?.AddressFamily == header.Destination?.AddressFamily,
                    "a header that is not whole");
                CheckAgain(header!);
                break;
            case ProxyReadStatus.More:
                BrokenException.Unless(
                    header is null && length > input.Length && length <= ProxyHeaderReader.MaxBytes,
                    "a length that does not help");
                break;
            default:
                BrokenException.Unless(header is null && length == 0, "something of a header that is malformed");
                break;
        }

        for (int count = 0; count < input.Length; count += 1 + (input.Length / 64))
        {
            ProxyReadStatus piece = ProxyHeaderReader.TryRead(input.AsSpan(0, count), out _, out int pieceLength);
            BrokenException.Unless(
                piece == ProxyReadStatus.More || (piece == status && pieceLength == length),
                $"{count} bytes are {piece}, and all {input.Length} are {status}");
        }
    }

    private static void CheckAgain(ProxyHeader header)
    {
        // Its checksum would be that of other bytes.
        ProxyHeader plain = header with { Tlvs = [.. header.Tlvs.Where(tlv => tlv.Type != ProxyTlv.Crc32C)] };
        byte[] bytes = ProxyHeaderWriter.Write(plain);
        BrokenException.Unless(
            ProxyHeaderReader.TryRead(bytes, out ProxyHeader? back, out int length) == ProxyReadStatus.Done
                && length == bytes.Length && back!.IsLocal == header.IsLocal && Equals(back.Source, header.Source)
                && Equals(back.Destination, header.Destination)
                && back.Tlvs.Select(Text).SequenceEqual(header.IsLocal ? [] : plain.Tlvs.Select(Text)),
            "what is read is written as something else");
    }

    private static (byte, string) Text(ProxyTlv tlv) => (tlv.Type, Convert.ToHexString(tlv.Value.Span));
}
