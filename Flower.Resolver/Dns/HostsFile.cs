// SPDX-License-Identifier: BSD-2-Clause
using System.Net;

namespace Flower.Resolver.Dns;

/// <summary>What hosts(5) says. Immutable.</summary>
internal sealed class HostsFile
{
    private readonly Dictionary<string, List<IPAddress>> _byName = new(StringComparer.OrdinalIgnoreCase);

    private HostsFile()
    {
    }

    /// <summary>Reads a file's text; lines that are none are passed over, as everywhere.</summary>
    public static HostsFile Read(string text)
    {
        var file = new HostsFile();
        foreach (string[] words in Words.Of(text))
        {
            if (AddressLabels.Parse(words[0]) is not IPAddress address)
            {
                continue;
            }

            foreach (string name in words.Skip(1))
            {
                if (!file._byName.TryGetValue(name, out List<IPAddress>? addresses))
                {
                    file._byName.Add(name, addresses = []);
                }

                addresses.Add(address);
            }
        }

        return file;
    }

    /// <summary>The addresses of a name; none: it is not there.</summary>
    public IReadOnlyList<IPAddress> Find(string name) => _byName.GetValueOrDefault(name) ?? [];
}
