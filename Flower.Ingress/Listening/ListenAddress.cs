// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.CommandLine;

namespace Flower.Ingress.Listening;

/// <summary>Where an ingress listens, as it is written on the command line.</summary>
internal abstract record ListenAddress
{
    private const string Remedy = "write 127.0.0.1:8080, [::]:80, unix:/path, fd:N, systemd or systemd:NAME";

    private ListenAddress()
    {
    }

    /// <summary>
    /// Whether a word is meant as an address, right or wrong, and not as a label: it begins with the name of a kind of
    /// address, or is nothing that a label can be.
    /// </summary>
    public static bool IsMeant(string word) =>
        word == "systemd" || HasPrefix(word, "unix:") || HasPrefix(word, "fd:") || HasPrefix(word, "systemd:")
        || (!word.Contains('=', StringComparison.Ordinal) && !HasPrefix(word, "+") && !HasPrefix(word, "{"));

    /// <exception cref="ToolException">It is none.</exception>
    public static ListenAddress Parse(string text)
    {
        if (text == "systemd")
        {
            return new Systemd(null);
        }

        if (HasPrefix(text, "systemd:"))
        {
            return text.Length > 8 ? new Systemd(text[8..]) : throw Wrong(text);
        }

        if (HasPrefix(text, "unix:"))
        {
            return ParsePath(text[5..]);
        }

        return HasPrefix(text, "fd:") ? ParseNumber(text) : ParseEndPoint(text);
    }

    private static bool HasPrefix(string text, string prefix) => text.StartsWith(prefix, StringComparison.Ordinal);

    private static Ip ParseEndPoint(string text)
    {
        // TryParse also takes an address without a port, and a bare number.
        int colon = text.LastIndexOf(':');
        bool hasPort = colon > 0 && (text[0] == '[' ? text[colon - 1] == ']' : text.IndexOf(':') == colon);
        return hasPort && IPEndPoint.TryParse(text, out IPEndPoint? endPoint)
            && (endPoint.AddressFamily == AddressFamily.InterNetworkV6 || text[..colon] == endPoint.Address.ToString())
            ? new Ip(endPoint)
            : throw Wrong(text);
    }

    // 0 to 2 are for what a program reads and says.
    private static Inherited ParseNumber(string text) =>
        int.TryParse(text.AsSpan(3), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 2
            ? new Inherited(number)
            : throw new ToolException(
                ExitCodes.Usage, $"'{text}' is not an inherited descriptor: write fd:3, or a higher number");

    private static Unix ParsePath(string path)
    {
        if (!path.StartsWith('/'))
        {
            throw new ToolException(ExitCodes.Usage, $"'unix:{path}' is not an absolute path: {Remedy}");
        }

        try
        {
            _ = new UnixDomainSocketEndPoint(path);
            return new Unix(path);
        }
        catch (ArgumentException)
        {
            throw new ToolException(ExitCodes.Usage, $"the path {path} is too long for a socket: at most 107 bytes");
        }
    }

    private static ToolException Wrong(string text) =>
        new(ExitCodes.Usage, $"'{text}' is not an address to listen on: {Remedy}");

    /// <summary>An address and a port; <c>[::]</c> takes IPv4 as well.</summary>
    internal sealed record Ip(IPEndPoint EndPoint) : ListenAddress;

    /// <summary>An absolute path.</summary>
    internal sealed record Unix(string Path) : ListenAddress;

    /// <summary>A listening socket that whoever started this process left open.</summary>
    internal sealed record Inherited(int Number) : ListenAddress;

    /// <summary>Listening sockets of a .socket unit: those of a name, or all (null).</summary>
    internal sealed record Systemd(string? Name) : ListenAddress;
}
