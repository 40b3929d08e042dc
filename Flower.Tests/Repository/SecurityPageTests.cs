// SPDX-License-Identifier: BSD-2-Clause
using System.Reflection;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace Flower.Tests.Repository;

/// <summary>docs/security.md names the tests that try to break each promise: they are there, and are tests.</summary>
internal sealed partial class SecurityPageTests
{
    private static readonly string[] Named =
        [.. Test().Matches(RepositoryFiles.Read("docs/security.md")).Select(match => match.Groups[1].Value).Distinct()];

    [Test]
    public void Page_NamesTests() => Assert.That(Named, Has.Length.GreaterThan(80));

    [TestCaseSource(nameof(Named))]
    public void Test_IsThere(string name)
    {
        int dot = name.LastIndexOf('.');
        string type = "Flower.Tests." + name[..dot].Replace('/', '.');

        Type? found = typeof(SecurityPageTests).Assembly.GetType(type);

        Assert.That(found, Is.Not.Null, $"no class {type}");
        Assert.That(
            found!.GetMethods(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static)
                .Where(method => method.Name == name[(dot + 1)..])
                .Any(method => method.GetCustomAttributes()
                    .Any(attribute => attribute is NUnit.Framework.Interfaces.ITestBuilder
                        or NUnit.Framework.Interfaces.ISimpleTestBuilder)),
            Is.True,
            $"{type} has no such test");
    }

    // Each promise has one at least: a row of a table under "What is promised" that names none promises nothing.
    [Test]
    public void Promise_Each_NamesATest()
    {
        string page = RepositoryFiles.Read("docs/security.md");
        int from = page.IndexOf("## What is promised", StringComparison.Ordinal);
        int to = page.IndexOf("## What is not promised", StringComparison.Ordinal);
        Assert.That(from, Is.GreaterThan(0).And.LessThan(to));
        string[] rows = [.. page[from..to].Split('\n')
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .Where(line => !line.StartsWith("| promise |", StringComparison.Ordinal))];

        Assert.That(rows, Has.Length.GreaterThan(30));
        Assert.That(rows.Where(row => !Test().IsMatch(row)), Is.Empty);
    }

    // `Folder/ClassTests.Method_State_Result`; laws end in Laws.
    [GeneratedRegex(@"`((?:\w+/)+\w+(?:Tests|Laws)\.\w+)`")]
    private static partial Regex Test();
}
