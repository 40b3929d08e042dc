// SPDX-License-Identifier: BSD-2-Clause
using System.Reflection;

namespace Flower.Web;

/// <summary>A part of the page, which is in the program. Immutable.</summary>
/// <param name="Type">Its media type.</param>
/// <param name="Bytes">What it consists of.</param>
internal sealed record PageFile(string Type, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>All, by their paths.</summary>
    public static IReadOnlyDictionary<string, PageFile> All { get; } = Read();

    private static Dictionary<string, PageFile> Read()
    {
        Assembly program = typeof(PageFile).Assembly;
        var all = new Dictionary<string, PageFile>(StringComparer.Ordinal);
        foreach (string name in program.GetManifestResourceNames())
        {
            string? type = Path.GetExtension(name) switch
            {
                ".html" => "text/html; charset=utf-8",
                ".js" => "text/javascript; charset=utf-8",
                ".css" => "text/css; charset=utf-8",
                ".svg" => "image/svg+xml",
                _ => null,
            };
            if (type is not null)
            {
                using Stream content = program.GetManifestResourceStream(name)!;
                byte[] bytes = new byte[content.Length];
                content.ReadExactly(bytes);
                all.Add(name == "index.html" ? "/" : "/" + name, new(type, bytes));
            }
        }

        return all;
    }
}
