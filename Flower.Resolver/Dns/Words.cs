// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Resolver.Dns;

/// <summary>The way that the old files of /etc are written: words in lines, and <c>#</c> before what is not one.</summary>
internal static class Words
{
    /// <summary>The words of each line that has some.</summary>
    public static IEnumerable<string[]> Of(string text) => text.Split('\n')
        .Select(line => line.Split('#', ';')[0].Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries))
        .Where(words => words.Length > 0);
}
