// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Flower.Egress.Policy;

/// <summary>Addresses and ports: <c>10.0.0.0/8:5432</c>, <c>192.0.2.7:80-90</c>, <c>[2001:db8::/32]</c>.</summary>
/// <param name="Network">The addresses; an IPv6 network that means IPv4 destinations is that IPv4 network.</param>
/// <param name="FirstPort">The lowest port.</param>
/// <param name="LastPort">The highest port.</param>
/// <param name="Text">As it was written.</param>
internal sealed record AddressRule(IPNetwork Network, ushort FirstPort, ushort LastPort, string Text) : AllowRule(Text)
{
    /// <summary>Whether the rule is for this destination; of a special range it must also lie within that.</summary>
    public bool Matches(IPAddress address, int port) =>
        port >= FirstPort && port <= LastPort && Network.Contains(address);

    /// <returns>Null: it is none; the error may be empty.</returns>
    public static new AddressRule? Parse(string text, out string error)
    {
        error = "";
        int bracket = text.StartsWith('[') ? text.IndexOf(']', StringComparison.Ordinal) : -1;
        int end = bracket >= 0 ? bracket + 1 : text.IndexOf(':', StringComparison.Ordinal);
        end = end < 0 ? text.Length : end;
        string network = bracket >= 0 ? text[1..bracket] : text[..end];
        AddressFamily family = bracket >= 0 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        return TryParsePorts(text[end..], out ushort first, out ushort last)
            && ParseNetwork(network, family, out error) is { } parsed
            ? new(EmbeddedAddress.Of(parsed), first, last, text)
            : null;
    }

    private static IPNetwork? ParseNetwork(string text, AddressFamily family, out string error)
    {
        error = "";
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        string word = slash < 0 ? text : text[..slash];
        int longest = family == AddressFamily.InterNetwork ? 32 : 128;
        int length = longest;

        // TryParse also takes 127.1 and 0x7f000001, and of IPv6 a scope.
        if (!IPAddress.TryParse(word, out IPAddress? address) || address.AddressFamily != family
            || (family == AddressFamily.InterNetwork ? address.ToString() != word : word.AsSpan().ContainsAny("%[]"))
            || (slash >= 0 && !TryParseNumber(text[(slash + 1)..], out length))
            || length > longest)
        {
            return null;
        }

        IPAddress start = First(address, length);
        if (!start.Equals(address))
        {
            error = $"{word} has bits beyond the prefix, write {start}/{length} or {word}";
            return null;
        }

        return new IPNetwork(address, length);
    }

    private static bool TryParseNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static IPAddress First(IPAddress address, int length)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int bit = length; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPAddress(bytes);
    }

    // ":80", ":80-90", or nothing for all of them.
    private static bool TryParsePorts(string text, out ushort first, out ushort last)
    {
        (first, last) = (1, ushort.MaxValue);
        if (text.Length == 0)
        {
            return true;
        }

        string[] ports = text[1..].Split('-');
        return text[0] == ':' && ports.Length <= 2
            && TryParsePort(ports[0], out first) && TryParsePort(ports[^1], out last) && first <= last;
    }

    private static bool TryParsePort(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port != 0;
}
