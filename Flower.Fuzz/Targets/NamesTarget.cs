// SPDX-License-Identifier: BSD-2-Clause
using Flower.Resolver.Static;

namespace Flower.Fuzz.Targets;

/// <summary>The file of <c>flower resolver static</c>.</summary>
internal static class NamesTarget
{
    public static void Run(byte[] input)
    {
        (NameFile? file, IReadOnlyList<string> errors) = NameFileReader.Read(input);
        BrokenException.Unless(file is null == errors.Count > 0, "a file with errors, or none without one");
        BrokenException.Unless(
            !errors.Any(error => error.Any(char.IsControl)), "an error with control characters, or of two lines");
    }
}
