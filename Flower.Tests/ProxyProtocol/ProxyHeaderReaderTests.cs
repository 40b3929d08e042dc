// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Text;
using Flower.ProxyProtocol;
using NUnit.Framework;

namespace Flower.Tests.ProxyProtocol;

/// <summary>Headers as the specification shows them, and such as it forbids.</summary>
internal sealed class ProxyHeaderReaderTests
{
    private const string Longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    private const string Prefix = "0D0A0D0A000D0A515549540A";
    private const string Addresses4 = "C0000201C6336402" + "1267" + "01BB";
    private const string Addresses6 =
        "20010DB8000000000000000000000001" + "20010DB8000000000000000000000002" + "1267" + "01BB";

    [TestCase("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535")]
    [TestCase("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n", "192.168.0.1:56324")]
    [TestCase("PROXY TCP6 ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", null)]
    [TestCase("PROXY TCP6 2001:db8::1 ::1 1 0\r\n", "[2001:db8::1]:1")]
    public void TryRead_Version1_Addresses(string text, string? source)
    {
        ProxyReadStatus status = Read(text, out ProxyHeader? header, out int length);
        Assert.That(status, Is.EqualTo(source is null ? ProxyReadStatus.Malformed : ProxyReadStatus.Done));
        Assert.That(header?.Source?.ToString(), Is.EqualTo(source));
        Assert.That(length, Is.EqualTo(source is null ? 0 : text.IndexOf('\n', StringComparison.Ordinal) + 1));
    }

    [TestCase("PROXY UNKNOWN\r\n")]
    [TestCase("PROXY UNKNOWN " + Longest + " " + Longest + " 65535 65535\r\n")]
    public void TryRead_Version1Unknown_NoAddresses(string text)
    {
        Assert.That(Read(text, out ProxyHeader? header, out int length), Is.EqualTo(ProxyReadStatus.Done));
        Assert.That(length, Is.EqualTo(text.Length));
        Assert.That(header!.Source, Is.Null);
        Assert.That(header.IsLocal, Is.False);
    }

    [TestCase("GET / HTTP/1.1\r\n")]
    [TestCase("PROXX")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\rx")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4  1 2\r\n")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n")]
    [TestCase("PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n")]
    [TestCase("PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n")]
    [TestCase("PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n")]
    [TestCase("PROXY TCP4 ::1 ::1 1 2\r\n")]
    [TestCase("PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n")]
    [TestCase("PROXY TCP6 [::1] ::1 1 2\r\n")]
    [TestCase("PROXY TCP6 ::1%1 ::1 1 2\r\n")]
    [TestCase("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n")]
    [TestCase("PROXY UNKNOWNX\r\n")]
    [TestCase("PROXY UNKNOWN \0\r\n")]
    [TestCase("PROXY UNKNOWN " + Longest + Longest + "xxxxxxxxxxxxxxxxxxxx")]
    public void TryRead_BadVersion1_Malformed(string text)
    {
        Assert.That(Read(text, out ProxyHeader? header, out int length), Is.EqualTo(ProxyReadStatus.Malformed));
        Assert.That(header, Is.Null);
        Assert.That(length, Is.Zero);
    }

    [TestCase("2111000C" + Addresses4, "192.0.2.1:4711", "198.51.100.2:443")]
    [TestCase("21210024" + Addresses6, "[2001:db8::1]:4711", "[2001:db8::2]:443")]
    [TestCase("21000000", null, null)]
    [TestCase("20000000", null, null)]
    [TestCase("20FF0003AABBCC", null, null)]
    public void TryRead_Version2_Addresses(string hex, string? source, string? destination)
    {
        byte[] bytes = Convert.FromHexString(Prefix + hex + "FFFF");
        Assert.That(
            ProxyHeaderReader.TryRead(bytes, out ProxyHeader? header, out int length),
            Is.EqualTo(ProxyReadStatus.Done));
        Assert.That(length, Is.EqualTo(bytes.Length - 2), "what comes after it is not the header's");
        Assert.That(header!.Source?.ToString(), Is.EqualTo(source));
        Assert.That(header.Destination?.ToString(), Is.EqualTo(destination));
        Assert.That(header.IsLocal, Is.EqualTo(hex.StartsWith("20", StringComparison.Ordinal)));
    }

    [Test]
    public void TryRead_Version2Unix_FieldsWithoutAddresses()
    {
        byte[] bytes = Convert.FromHexString(Prefix + "213100DD" + new string('0', 2 * 216) + "0100026832");
        Assert.That(
            ProxyHeaderReader.TryRead(bytes, out ProxyHeader? header, out int length),
            Is.EqualTo(ProxyReadStatus.Done));
        Assert.That(length, Is.EqualTo(bytes.Length));
        Assert.That(header!.Source, Is.Null);
        Assert.That(header.Tlvs.Single().Text, Is.EqualTo("h2"));
    }

    [TestCase("1111000C" + Addresses4, TestName = "another version")]
    [TestCase("2211000C" + Addresses4, TestName = "another command")]
    [TestCase("2112000C" + Addresses4, TestName = "UDP over IPv4")]
    [TestCase("21220024" + Addresses6, TestName = "UDP over IPv6")]
    [TestCase("21410000", TestName = "another family")]
    [TestCase("2111000B" + Addresses4, TestName = "too short for its addresses")]
    [TestCase("2111000D" + Addresses4 + "01", TestName = "a field without length")]
    [TestCase("21110010" + Addresses4 + "01000268", TestName = "a field beyond the end")]
    [TestCase("21114000", TestName = "too long")]
    [TestCase("21110013" + Addresses4 + "03000400000000", TestName = "a wrong checksum")]
    [TestCase("21110012" + Addresses4 + "030003000000", TestName = "a short checksum")]
    public void TryRead_BadVersion2_Malformed(string hex)
    {
        byte[] bytes = Convert.FromHexString(Prefix + hex);
        Assert.That(
            ProxyHeaderReader.TryRead(bytes, out ProxyHeader? header, out _), Is.EqualTo(ProxyReadStatus.Malformed));
        Assert.That(header, Is.Null);
    }

    [Test]
    public void TryRead_BadSignature_MalformedAtOnce() => Assert.That(
        ProxyHeaderReader.TryRead("\r\n\r\n\r"u8, out _, out _), Is.EqualTo(ProxyReadStatus.Malformed));

    [Test]
    public void TryRead_RightChecksum_Done()
    {
        byte[] bytes = Convert.FromHexString(Prefix + "21110013" + Addresses4 + "03000400000000");
        Convert.FromHexString(Checksum(bytes)).CopyTo(bytes, bytes.Length - 4);
        Assert.That(
            ProxyHeaderReader.TryRead(bytes, out _, out _), Is.EqualTo(ProxyReadStatus.Done));
        bytes[20]++;
        Assert.That(
            ProxyHeaderReader.TryRead(bytes, out _, out _), Is.EqualTo(ProxyReadStatus.Malformed));
    }

    [Test]
    public void Checksum_KnownAnswer_Crc32C() =>
        Assert.That(Checksum("123456789"u8), Is.EqualTo("E3069283"), "RFC 3720 B.4's polynomial");

    [Test]
    public void Write_Fields_AsSpecified()
    {
        byte[] bytes = ProxyHeaderWriter.Write(new(
            false, IPEndPoint.Parse("192.0.2.1:4711"), IPEndPoint.Parse("198.51.100.2:443"),
            [new(ProxyTlv.Alpn, "h2"), new(ProxyTlv.Custom, "a=1")]));
        Assert.That(
            Convert.ToHexString(bytes), Is.EqualTo(Prefix + "21110017" + Addresses4 + "0100026832" + "E00003613D31"));
    }

    [Test]
    public void Write_WhatCannotBeSaid_ArgumentException()
    {
        var four = IPEndPoint.Parse("192.0.2.1:1");
        var six = IPEndPoint.Parse("[::1]:1");
        Assert.That(() => ProxyHeaderWriter.Write(new(false, four, six, [])), Throws.ArgumentException);
        Assert.That(() => ProxyHeaderWriter.Write(new(false, four, null, [])), Throws.ArgumentException);
        Assert.That(
            () => ProxyHeaderWriter.Write(new(false, null, null, [new(ProxyTlv.Custom, new byte[65_533])])),
            Throws.ArgumentException);
        Assert.That(
            ProxyHeaderWriter.Write(new(false, null, null, [new(ProxyTlv.Custom, new byte[65_532])])),
            Has.Length.EqualTo(65_551));
    }

    // Bit by bit, so that it shares nothing with what it checks.
    private static string Checksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc >> 1) ^ ((crc & 1) * 0x82F6_3B78);
            }
        }

        return (~crc).ToString("X8", System.Globalization.CultureInfo.InvariantCulture);
    }

    private static ProxyReadStatus Read(string text, out ProxyHeader? header, out int length) =>
        ProxyHeaderReader.TryRead(Encoding.Latin1.GetBytes(text), out header, out length);
}
