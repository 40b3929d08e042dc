// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Text;
using Grpc.Core;

namespace Flower.Switchboard.Admin;

/// <summary>
/// What ends an HTTP/2 connection of which nothing was read, and says why: empty SETTINGS and a GOAWAY (RFC 9113, 6.5 and
/// 6.8). Its code is the one that gRPC takes for the status (PROTOCOL-HTTP2, Errors); the words are its debug data, which
/// grpcurl shows.
/// </summary>
internal static class GoAway
{
    private const int HeaderBytes = 9;
    private const int MaxWords = 1024;
    private const byte Settings = 4;
    private const byte Kind = 7;
    private const uint EnhanceYourCalm = 0xb;
    private const uint InadequateSecurity = 0xc;

    /// <summary>Both frames.</summary>
    public static byte[] Of(Status refusal)
    {
        byte[] words = Encoding.UTF8.GetBytes(refusal.Detail);
        words = words.Length > MaxWords ? words[..MaxWords] : words;
        byte[] frames = new byte[HeaderBytes + HeaderBytes + 8 + words.Length];
        frames[3] = Settings;

        // Length, kind, no flags, stream 0; the last stream that was looked at is 0, too.
        Span<byte> goAway = frames.AsSpan(HeaderBytes);
        BinaryPrimitives.WriteUInt16BigEndian(goAway[1..], (ushort)(8 + words.Length));
        goAway[3] = Kind;
        BinaryPrimitives.WriteUInt32BigEndian(
            goAway[(HeaderBytes + 4)..],
            refusal.StatusCode == StatusCode.PermissionDenied ? InadequateSecurity : EnhanceYourCalm);
        words.CopyTo(goAway[(HeaderBytes + 8)..]);
        return frames;
    }
}
