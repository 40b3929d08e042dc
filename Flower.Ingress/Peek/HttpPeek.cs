// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using Flower.Protocol;

namespace Flower.Ingress.Peek;

/// <summary>
/// The host that an HTTP/1.0 or 1.1 client asks for: <c>http_host</c> of the first request's head (RFC 9112). It is
/// stricter than servers are, so that none of them can read another host from the same bytes: what is ambiguous is
/// malformed. An HTTP/2 preface (RFC 9113 §3.4) is known and gives nothing. Pure.
/// </summary>
internal static class HttpPeek
{
    /// <summary>The most bytes it looks at; a longer head is malformed.</summary>
    internal const int MaxBytes = 16 * 1024;

    private const int MaxMethodBytes = 32;

    // RFC 9110 §5.6.2.
    private static readonly SearchValues<byte> TokenBytes = SearchValues.Create(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static readonly SearchValues<byte> ControlBytes =
        SearchValues.Create([.. Enumerable.Range(0, 32).Where(b => b != '\t').Append(127).Select(b => (byte)b)]);

    private static ReadOnlySpan<byte> Http2Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <param name="first">All bytes so far, from the first.</param>
    internal static PeekResult Read(ReadOnlySpan<byte> first)
    {
        bool isCut = first.Length >= MaxBytes;
        ReadOnlySpan<byte> rest = first[..Math.Min(first.Length, MaxBytes)];
        if (rest.StartsWith(Http2Preface))
        {
            return PeekResult.Nothing;
        }

        if (Http2Preface.StartsWith(rest))
        {
            return PeekResult.More;
        }

        PeekStatus status = ReadHead(rest, out LabelSet labels);
        return status == PeekStatus.Done ? PeekResult.Done(labels)
            : status == PeekStatus.More && !isCut ? PeekResult.More
            : PeekResult.Malformed;
    }

    private static PeekStatus ReadHead(ReadOnlySpan<byte> rest, out LabelSet labels)
    {
        labels = LabelSet.Empty;
        PeekStatus status = ReadLine(ref rest, out ReadOnlySpan<byte> line);
        if (status != PeekStatus.Done)
        {
            return status == PeekStatus.More && MayBeMethod(line) ? PeekStatus.More : PeekStatus.Malformed;
        }

        // Whether it comes in one piece or in several.
        if (!MayBeMethod(line) || !RequestLine.TryRead(line, TokenBytes, out RequestLine request))
        {
            return PeekStatus.Malformed;
        }

        Authority? host = null;
        while ((status = ReadLine(ref rest, out line)) == PeekStatus.Done && !line.IsEmpty)
        {
            if (!TryReadField(line, ref host))
            {
                return PeekStatus.Malformed;
            }
        }

        if (status == PeekStatus.Done)
        {
            if (!request.AgreesWith(host))
            {
                return PeekStatus.Malformed;
            }

            labels = host is { Host.Length: > 0 } found ? LabelSet.Create(("http_host", found.Host)) : LabelSet.Empty;
        }

        return status;
    }

    // Only CRLF ends a line. More: the line is what is there of it.
    private static PeekStatus ReadLine(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> line)
    {
        int end = rest.IndexOfAny(ControlBytes);
        if (end < 0 || (rest[end] == '\r' && end + 1 == rest.Length))
        {
            line = end < 0 ? rest : rest[..end];
            rest = default;
            return PeekStatus.More;
        }

        line = rest[..end];
        if (rest[end] != '\r' || rest[end + 1] != '\n')
        {
            return PeekStatus.Malformed;
        }

        rest = rest[(end + 2)..];
        return PeekStatus.Done;
    }

    private static bool MayBeMethod(ReadOnlySpan<byte> line)
    {
        int end = line.IndexOfAnyExcept(TokenBytes);
        return end < 0 ? line.Length <= MaxMethodBytes : end is > 0 and <= MaxMethodBytes && line[end] == ' ';
    }

    // A line that begins with a space would go on the last one (obs-fold), and one with a space before the colon is
    // read differently by different servers (RFC 9112 §5): neither begins with a token and a colon.
    private static bool TryReadField(ReadOnlySpan<byte> line, ref Authority? host)
    {
        int colon = line.IndexOfAnyExcept(TokenBytes);
        if (colon <= 0 || line[colon] != ':')
        {
            return false;
        }

        if (!System.Text.Ascii.EqualsIgnoreCase(line[..colon], "host"u8))
        {
            return true;
        }

        return host is null && (host = Authority.Read(line[(colon + 1)..].Trim(" \t"u8))) is not null;
    }
}
