// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.CommandLine;

namespace Flower.Ingress;

/// <summary>Where an ingress listens: an address and a port, or a path.</summary>
/// <param name="EndPoint">The same for the socket.</param>
/// <param name="Path">The path, of a Unix socket.</param>
internal sealed record ListenAddress(EndPoint EndPoint, string? Path)
{
    private const string Remedy = "write 127.0.0.1:8080, [::]:80 or unix:/path";

    /// <exception cref="ToolException">It is none of these.</exception>
    public static ListenAddress Parse(string text)
    {
        if (text.StartsWith("unix:", StringComparison.Ordinal))
        {
            return ParsePath(text[5..]);
        }

        // TryParse also takes an address without a port, and a bare number.
        int colon = text.LastIndexOf(':');
        bool hasPort = colon > 0 && (text[0] == '[' ? text[colon - 1] == ']' : text.IndexOf(':') == colon);
        return hasPort && IPEndPoint.TryParse(text, out IPEndPoint? endPoint)
            && (endPoint.AddressFamily == AddressFamily.InterNetworkV6 || text[..colon] == endPoint.Address.ToString())
            ? new(endPoint, null)
            : throw new ToolException(ExitCodes.Usage, $"'{text}' is not an address to listen on: {Remedy}");
    }

    private static ListenAddress ParsePath(string path)
    {
        if (!path.StartsWith('/'))
        {
            throw new ToolException(ExitCodes.Usage, $"'unix:{path}' is not an absolute path: {Remedy}");
        }

        try
        {
            return new(new UnixDomainSocketEndPoint(path), path);
        }
        catch (ArgumentException)
        {
            throw new ToolException(ExitCodes.Usage, $"the path {path} is too long for a socket: at most 107 bytes");
        }
    }
}
