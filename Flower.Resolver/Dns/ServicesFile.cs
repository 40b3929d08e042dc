// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Resolver.Dns;

/// <summary>What services(5) says of TCP. Immutable.</summary>
internal sealed class ServicesFile
{
    private readonly Dictionary<string, ushort> _ports = new(StringComparer.Ordinal);

    private ServicesFile()
    {
    }

    /// <summary>Reads a file's text; lines that are none are passed over.</summary>
    public static ServicesFile Read(string text)
    {
        var file = new ServicesFile();
        foreach (string[] words in Words.Of(text))
        {
            // name port/protocol alias…
            if (words.Length >= 2 && words[1].EndsWith("/tcp", StringComparison.Ordinal)
                && ParsePort(words[1][..^4]) is ushort port)
            {
                foreach (string name in words.Skip(2).Prepend(words[0]))
                {
                    file._ports.TryAdd(name, port);
                }
            }
        }

        return file;
    }

    /// <summary>The port of a service; null: it is not there.</summary>
    public ushort? Find(string service) => _ports.TryGetValue(service, out ushort port) ? port : null;

    /// <summary>A port as a number; null: it is none.</summary>
    public static ushort? ParsePort(string text) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) && port != 0 ? port : null;
}
