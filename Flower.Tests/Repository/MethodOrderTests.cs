// SPDX-License-Identifier: BSD-2-Clause
using System.Reflection;
using NUnit.Framework;

namespace Flower.Tests.Repository;

/// <summary>
/// Flower/method-order.txt, which is made from a profile (Flower.Benchmarks/method-order.py), and in which the compiler passes over
/// a name that it does not know: nobody else would see that most of our types in it have other names by now.
/// </summary>
internal sealed class MethodOrderTests
{
    [Test]
    public void MethodOrder_TypesOfOurMethods_AreMostlyThere()
    {
        string[] methods = File.ReadAllLines(Path.Combine(RepositoryFiles.Root, "Flower", "method-order.txt"));
        string[] named =
        [
            .. methods.Where(method => method.StartsWith("Flower_", StringComparison.Ordinal))
                .Select(method => method.Split("__", 2)[0].Split('<')[0]),
        ];
        var types = named.Select(AssemblyOf).Distinct().SelectMany(Types).ToHashSet();

        Assert.That(methods, Is.Unique);
        string[] missing = [.. named.Where(type => !types.Contains(type))];
        Assert.That(named, Has.Length.GreaterThan(300));
        Assert.That(missing, Has.Length.LessThan(named.Length / 10), string.Join('\n', missing.Distinct()));
    }

    // Flower_Rpc_Flower_Rpc_Server_ServerCall: the assembly, and then the type with its namespace, which begins like it.
    private static string AssemblyOf(string type) => string.Join('.', type.Split('_').Take(2));

    private static IEnumerable<string> Types(string assembly) => Assembly.Load(assembly).GetTypes()
        .Select(type => $"{assembly}.{type.FullName}".Replace('.', '_').Replace('+', '_').Replace('`', '_'));
}
