// SPDX-License-Identifier: BSD-2-Clause
using Flower.Tests.Repository;
using NUnit.Framework;

namespace Flower.Tests.Packaging;

/// <summary>
/// A file of the repository that is made from the program. With FLOWER_WRITE=1 the tests write it; otherwise they fail where it
/// is not what they would write.
/// </summary>
internal static class GeneratedFile
{
    private static readonly bool Writes = Environment.GetEnvironmentVariable("FLOWER_WRITE") == "1";

    public static void Check(string path, string text)
    {
        string full = Path.Combine(RepositoryFiles.Root, path);
        if (Writes)
        {
            File.WriteAllText(full, text);
        }

        Assert.That(
            File.Exists(full) ? File.ReadAllText(full) : "",
            Is.EqualTo(text),
            $"{path} is not up to date: FLOWER_WRITE=1 dotnet test --filter Packaging writes it");
    }
}
