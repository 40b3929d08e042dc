// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Text;
using Flower.ProxyProtocol;

namespace Flower.Tests.Laws;

/// <summary>Laws of PROXY headers.</summary>
[FsCheck.NUnit.Properties(MaxTest = 300, QuietOnSuccess = true)]
public sealed class ProxyHeaderLaws
{
    [FsCheck.NUnit.Property]
    public bool Write_Any_ReadsBackEqual(int seed)
    {
        ProxyHeader header = Make(new(seed));
        byte[] bytes = ProxyHeaderWriter.Write(header);
        byte[] more = [.. bytes, 1, 2, 3];
        return ProxyHeaderReader.TryRead(more, out ProxyHeader? read, out int length) == ProxyReadStatus.Done
            && length == bytes.Length && read!.IsLocal == header.IsLocal
            && Equals(read.Source, header.Source) && Equals(read.Destination, header.Destination)
            && read.Tlvs.Select(Text).SequenceEqual(header.Tlvs.Select(Text));
    }

    [FsCheck.NUnit.Property]
    public bool TryRead_EveryPrefix_MoreWithALengthThatHelps(int seed)
    {
        var random = new Random(seed);
        byte[] bytes = random.Next(2) == 0 ? ProxyHeaderWriter.Write(Make(random)) : MakeVersion1(random);
        return Enumerable.Range(0, bytes.Length).All(count =>
            ProxyHeaderReader.TryRead(bytes.AsSpan(0, count), out ProxyHeader? header, out int length)
                == ProxyReadStatus.More
            && header is null && length > count && length <= bytes.Length)
            && ProxyHeaderReader.TryRead(bytes, out _, out int whole) == ProxyReadStatus.Done && whole == bytes.Length;
    }

    [FsCheck.NUnit.Property]
    public bool TryRead_Mutated_NeverBeyondItsBytes(int seed)
    {
        var random = new Random(seed);
        byte[] bytes = random.Next(2) == 0 ? ProxyHeaderWriter.Write(Make(random)) : MakeVersion1(random);
        bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        return IsSound(bytes);
    }

    [FsCheck.NUnit.Property]
    public bool TryRead_RandomBytes_NeverBeyondThem(byte[] bytes) =>
        IsSound(bytes) && IsSound([.. "PROXY TCP4 "u8, .. bytes]) && IsSound([.. "\r\n\r\n\0\r\nQUIT\n!"u8, .. bytes]);

    private static bool IsSound(byte[] bytes) =>
        ProxyHeaderReader.TryRead(bytes, out ProxyHeader? header, out int length) switch
        {
            ProxyReadStatus.Done => header is not null && length <= bytes.Length
                && header.Source?.AddressFamily == header.Destination?.AddressFamily,
            ProxyReadStatus.More => header is null && length > bytes.Length && length <= ProxyHeaderReader.MaxBytes,
            _ => header is null && length == 0,
        };

    private static (byte, string) Text(ProxyTlv tlv) => (tlv.Type, Convert.ToHexString(tlv.Value.Span));

    private static ProxyHeader Make(Random random)
    {
        if (random.Next(8) == 0)
        {
            return new(true, null, null, []);
        }

        int size = random.Next(3) switch { 0 => 4, 1 => 16, _ => 0 };
        ProxyTlv[] tlvs = [.. Enumerable.Range(0, random.Next(5)).Select(_ =>
            new ProxyTlv((byte)(0xE0 + random.Next(16)), Bytes(random, random.Next(100))))];
        return size == 0
            ? new(false, null, null, tlvs)
            : new(false, EndPoint(random, size), EndPoint(random, size), tlvs);
    }

    private static byte[] MakeVersion1(Random random)
    {
        int size = random.Next(3) switch { 0 => 4, 1 => 16, _ => 0 };
        (IPEndPoint from, IPEndPoint to) = (EndPoint(random, Math.Max(4, size)), EndPoint(random, Math.Max(4, size)));
        string family = size switch { 4 => "TCP4", 16 => "TCP6", _ => "UNKNOWN" };
        return Encoding.ASCII.GetBytes($"PROXY {family} {from.Address} {to.Address} {from.Port} {to.Port}\r\n");
    }

    private static IPEndPoint EndPoint(Random random, int size) =>
        new(new IPAddress(Bytes(random, size)), random.Next(65536));

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
