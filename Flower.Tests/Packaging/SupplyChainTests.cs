// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using System.Xml.Linq;
using Flower.Tests.EndToEnd;
using Flower.Tests.Repository;
using NUnit.Framework;

namespace Flower.Tests.Packaging;

/// <summary>What Flower is made of: locked, audited, and by whose leave.</summary>
public sealed class SupplyChainTests
{
    private static readonly string[] Locks =
        [.. RepositoryFiles.Find("packages*.lock.json").Select(path => Path.GetRelativePath(RepositoryFiles.Root, path))];

    [Test]
    public void Projects_Each_AreLocked()
    {
        string[] without = [.. RepositoryFiles.Find("*.csproj").Select(path => Path.GetDirectoryName(path)!)
            .Where(folder => Directory.GetFiles(folder, "packages*.lock.json").Length == 0)];
        Assert.That(without, Is.Empty);
    }

    [TestCaseSource(nameof(Locks))]
    public void Packages_Each_HaveAHash(string path)
    {
        using var json = JsonDocument.Parse(RepositoryFiles.Read(path));
        foreach (JsonProperty package in json.RootElement.GetProperty("dependencies").EnumerateObject()
            .SelectMany(framework => framework.Value.EnumerateObject()))
        {
            Assert.That(
                package.Value.GetProperty("type").GetString() == "Project"
                || package.Value.GetProperty("contentHash").GetString() is { Length: > 80 },
                Is.True,
                package.Name);
        }
    }

    [TestCase("linux-x64")]
    [TestCase("linux-arm64")]
    public void Program_CompiledAheadOfTime_IsLockedForEachKindOfMachine(string runtime)
    {
        using var json = JsonDocument.Parse(RepositoryFiles.Read($"Flower/packages.{runtime}.lock.json"));
        JsonElement packages = json.RootElement.GetProperty("dependencies").GetProperty($"net10.0/{runtime}");
        Assert.That(packages.TryGetProperty($"runtime.{runtime}.Microsoft.DotNet.ILCompiler", out _), Is.True);
    }

    [Test]
    public void Audit_OfAllPackages_FailsTheBuild()
    {
        XElement[] properties =
            [.. XDocument.Parse(RepositoryFiles.Read("Directory.Build.props")).Descendants("PropertyGroup").Elements()];
        string Value(string name) => properties.Single(property => property.Name.LocalName == name).Value;
        Assert.That(
            new[] { Value("NuGetAudit"), Value("NuGetAuditMode"), Value("NuGetAuditLevel"), Value("TreatWarningsAsErrors") },
            Is.EqualTo(new[] { "true", "all", "low", "true" }));
        Assert.That(Value("WarningsNotAsErrors"), Is.EqualTo("$(WarningsNotAsErrors);NU1900"), "only that nobody could be asked");
    }

    [Test]
    public async Task Licences_OfAllPackages_AreListed()
    {
        await using FlowerProcess script = FlowerProcess.Start(
            Programs.Require("python3"), [Path.Combine(RepositoryFiles.Root, "packaging/licenses.py"), "--check"]);
        Assert.That(await script.ExitAsync(), Is.Zero, script.Error.ToString());
    }
}
