// SPDX-License-Identifier: BSD-2-Clause
using System.Text;

namespace Flower.Tests.Ingress;

/// <summary>A ClientHello, put together by hand.</summary>
internal sealed record Hello
{
    public byte[] SessionId { get; init; } = new byte[32];

    /// <summary>Null: not even the length of the extensions, as before TLS 1.2.</summary>
    public IReadOnlyList<byte[]>? Extensions { get; init; } = [];

    public static byte[] ServerName(params string[] names) =>
        Extension(0, Long([.. names.SelectMany(n => (byte[])[0, .. Long(Encoding.Latin1.GetBytes(n))])]));

    public static byte[] Alpn(params string[] protocols) =>
        Extension(16, Long([.. protocols.SelectMany(p => Short(Encoding.Latin1.GetBytes(p)))]));

    public static byte[] Extension(int type, byte[] data) => [(byte)(type >> 8), (byte)type, .. Long(data)];

    public static byte[] Long(byte[] data) => [(byte)(data.Length >> 8), (byte)data.Length, .. data];

    public static byte[] Short(byte[] data) => [(byte)data.Length, .. data];

    /// <summary>The handshake message with its header.</summary>
    public byte[] Message()
    {
        byte[] body =
        [
            3, 3, .. new byte[32], .. Short(SessionId), .. Long([0x13, 0x01, 0x13, 0x02]), 1, 0,
            .. Extensions is null ? [] : Long([.. Extensions.SelectMany(e => e)]),
        ];
        return [1, (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, .. body];
    }

    /// <summary>The message in records, of these sizes and one for the rest.</summary>
    public byte[] Records(params int[] sizes)
    {
        byte[] message = Message();
        List<byte> records = [];
        int at = 0;
        foreach (int size in sizes.Append(int.MaxValue))
        {
            byte[] fragment = message[at..Math.Min(message.Length, (int)Math.Min((long)at + size, int.MaxValue))];
            at += fragment.Length;
            records.AddRange(fragment.Length == 0 ? [] : (byte[])[22, 3, 1, .. Long(fragment)]);
        }

        return [.. records];
    }
}
