// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using System.Text;

namespace Flower.Ingress.Peek;

/// <summary>The first line of an HTTP/1 request (RFC 9112 §3), as far as it bears on the host.</summary>
/// <param name="IsVersion11">HTTP/1.1, where a Host header is a must.</param>
/// <param name="Target">The host in the target, where it has one.</param>
/// <param name="DefaultPort">The port of the target's scheme.</param>
internal readonly record struct RequestLine(bool IsVersion11, Authority? Target, ushort? DefaultPort)
{
    internal static bool TryRead(ReadOnlySpan<byte> line, SearchValues<byte> token, out RequestLine request)
    {
        request = default;
        int method = line.IndexOf((byte)' ');
        int target = line.LastIndexOf((byte)' ');
        if (method <= 0 || target <= method + 1 || line[..method].ContainsAnyExcept(token))
        {
            return false;
        }

        ReadOnlySpan<byte> version = line[(target + 1)..];
        bool isVersion11 = version.SequenceEqual("HTTP/1.1"u8);
        return (isVersion11 || version.SequenceEqual("HTTP/1.0"u8))
            && TryReadTarget(line[..method], line[(method + 1)..target], isVersion11, out request);
    }

    /// <summary>
    /// Whether nobody can take this request for another host's: a server goes by the target, where that has a host, and
    /// others before it by the header.
    /// </summary>
    internal bool AgreesWith(Authority? host) => host is { } header
        ? Target is not { } target || target.IsSame(header, DefaultPort)
        : !IsVersion11 && Target is null;

    private static bool TryReadTarget(
        ReadOnlySpan<byte> method, ReadOnlySpan<byte> target, bool isVersion11, out RequestLine request)
    {
        request = new(isVersion11, null, null);
        if (target.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E))
        {
            return false;
        }

        if (method.SequenceEqual("CONNECT"u8))
        {
            request = new(isVersion11, Authority.Read(target), null);
            return request.Target is { Host.Length: > 0 };
        }

        if (target[0] == '/' || (target.SequenceEqual("*"u8) && method.SequenceEqual("OPTIONS"u8)))
        {
            return true;
        }

        int scheme = target.IndexOf("://"u8);
        if (scheme <= 0)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = target[(scheme + 3)..];
        int end = rest.IndexOfAny("/?#"u8);
        ushort? port = Ascii.EqualsIgnoreCase(target[..scheme], "http"u8) ? (ushort)80
            : Ascii.EqualsIgnoreCase(target[..scheme], "https"u8) ? (ushort)443
            : null;
        request = new(isVersion11, Authority.Read(end < 0 ? rest : rest[..end]), port);
        return request.Target is { Host.Length: > 0 };
    }
}
