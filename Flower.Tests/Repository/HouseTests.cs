// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.Repository;

/// <summary>The habits of the house that a machine can check.</summary>
internal sealed class HouseTests
{
    [Test]
    public void Readme_Whole_ShortAndHasTheTwoCommands()
    {
        string[] lines = RepositoryFiles.Read("README.md").TrimEnd('\n').Split('\n');
        Assert.That(lines, Has.Length.AtMost(120));
        Assert.That(lines, Does.Contain("    dotnet run --project Flower -- demo"));
        Assert.That(lines, Does.Contain("    dotnet test"));
    }

    [Test]
    public void Sources_Each_BeginWithTheLicence()
    {
        string[] without = [.. RepositoryFiles.Find("*.cs").Concat(RepositoryFiles.Find("*.proto"))
            .Where(path => File.ReadLines(path).FirstOrDefault() != "// SPDX-License-Identifier: BSD-2-Clause")];
        Assert.That(without, Is.Empty);
    }
}
