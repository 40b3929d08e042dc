// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Text;

namespace Flower.Tests.Faults;

/// <summary>Frames of HTTP/2 as bytes (RFC 9113), for peers that no library would be.</summary>
internal static class Http2
{
    public const byte Data = 0, Headers = 1, ResetStream = 3, Settings = 4, Ping = 6, WindowUpdate = 8, Continuation = 9;
    public const byte EndStream = 1, EndHeaders = 4;

    /// <summary>What a client begins with: the preface and its settings, of which it has none.</summary>
    public static byte[] Preface { get; } = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(Settings, 0, 0)];

    /// <summary>The header block of a call of the switchboard's (HPACK, RFC 7541, nothing compressed).</summary>
    public static byte[] CallOf(string method) =>
    [
        // :method POST and :scheme http are in the static table, the names of :path and :authority too.
        0x83, 0x86, 0x04, .. Text("/flower.v1.Switchboard/" + method), 0x01, .. Text("localhost"),
        .. Field("content-type", "application/grpc"), .. Field("te", "trailers"),
    ];

    /// <summary>A field that is not to be remembered.</summary>
    public static byte[] Field(string name, string value) => [0x00, .. Text(name), .. Text(value)];

    public static byte[] Frame(byte type, byte flags, int stream, params ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[9 + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(1), (ushort)payload.Length);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    // A length of seven bits, or as RFC 7541 §5.1 goes on from there.
    private static byte[] Text(string text)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        var length = new List<byte>();
        int rest = bytes.Length;
        length.Add((byte)Math.Min(rest, 127));
        if (rest >= 127)
        {
            for (rest -= 127; rest > 127; rest >>= 7)
            {
                length.Add((byte)((rest & 127) | 128));
            }

            length.Add((byte)rest);
        }

        return [.. length, .. bytes];
    }
}
