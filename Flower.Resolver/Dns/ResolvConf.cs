// SPDX-License-Identifier: BSD-2-Clause
using System.Net;

namespace Flower.Resolver.Dns;

/// <summary>The servers of resolv.conf(5). Its search domains are not used: a name would mean what the file says.</summary>
internal static class ResolvConf
{
    private const int Port = 53;

    /// <summary>The servers, in their order; of a file without any, the one on this machine.</summary>
    public static IReadOnlyList<IPEndPoint> Read(string text)
    {
        List<IPEndPoint> servers = [.. Words.Of(text)
            .Where(words => words.Length >= 2 && words[0] == "nameserver")
            .Select(words => IPAddress.TryParse(words[1], out IPAddress? address) ? new IPEndPoint(address, Port) : null)
            .OfType<IPEndPoint>()];
        return servers.Count > 0 ? servers : [new(IPAddress.Loopback, Port)];
    }
}
