// SPDX-License-Identifier: BSD-2-Clause
using System.Text;

namespace Flower.Tests.Run;

/// <summary>Writes messages as a client of DNS does, good ones and others.</summary>
internal static class DnsQuery
{
    public const ushort Id = 0xBEEF;
    public const int A = 1;
    public const int Soa = 6;
    public const int Ptr = 12;
    public const int Mx = 15;
    public const int Aaaa = 28;
    public const int Any = 255;
    public const int RecursionDesired = 0x0100;

    /// <summary>A question with nothing else.</summary>
    public static byte[] Ask(string name, int type = A) => Make(RecursionDesired, [1, 0, 0, 0], Question(name, type));

    /// <summary>A question with records after it.</summary>
    public static byte[] AskWith(string name, int type, params byte[][] additional) =>
        Make(RecursionDesired, [1, 0, 0, additional.Length], [.. Question(name, type), .. additional.SelectMany(r => r)]);

    public static byte[] Make(int flags, int[] counts, params byte[] body) =>
        [.. Two(Id), .. Two(flags), .. counts.SelectMany(Two), .. body];

    public static byte[] Question(string name, int type, int ofClass = 1) => [.. Name(name), .. Two(type), .. Two(ofClass)];

    /// <summary>The OPT record of EDNS.</summary>
    public static byte[] Opt(int version = 0, bool dnssecOk = false, params byte[] options) =>
        [0, .. Two(41), .. Two(4096), 0, (byte)version, .. Two(dnssecOk ? 0x8000 : 0), .. Two(options.Length), .. options];

    /// <summary>A name of labels, which may hold any byte but a dot.</summary>
    public static byte[] Name(string name) => name.Length == 0
        ? [0]
        : [.. name.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.Latin1.GetBytes(label)]), 0];

    public static byte[] Two(int value) => [(byte)(value >> 8), (byte)value];
}
