// SPDX-License-Identifier: BSD-2-Clause
using System.Xml.Linq;
using NUnit.Framework;

namespace Flower.Tests.Repository;

/// <summary>Which project may use which: docs/design.md §8.</summary>
internal sealed class DependencyTests
{
    private static readonly string[] Tools =
        [
            "Flower.Cat", "Flower.List", "Flower.Ingress", "Flower.Egress", "Flower.Serve", "Flower.Connect", "Flower.Run",
            "Flower.Handles", "Flower.Explain", "Flower.Resolver", "Flower.Targets", "Flower.Activate", "Flower.Connections",
            "Flower.Watch", "Flower.Web", "Flower.Tap", "Flower.Doctor",
        ];

    // What some tools share besides the command line.
    private static readonly string[] Parts = ["Flower.Relay", "Flower.ProxyProtocol", "Flower.Inspection"];

    // Each uses one library, as whoever installed that would.
    private static readonly string[] Libraries = ["Flower.Client", "Flower.AspNetCore", "Flower.Http"];

    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Flower.Protocol"] = [],
        ["Flower.Rpc"] = ["Flower.Protocol"],
        ["Flower.Client"] = ["Flower.Rpc", "Flower.Protocol"],
        ["Flower.AspNetCore"] = ["Flower.Client"],
        ["Flower.Http"] = ["Flower.Client"],
        ["Flower.Relay"] = ["Flower.Rpc", "Flower.Protocol"],
        ["Flower.Inspection"] = ["Flower.Rpc", "Flower.Protocol"],
        ["Flower.ProxyProtocol"] = ["Flower.Client", "Flower.Rpc", "Flower.Protocol"],
        ["Flower.Switchboard"] = ["Flower.Rpc", "Flower.Protocol"],
        ["Flower.CommandLine"] = ["Flower.Client", "Flower.Rpc", "Flower.Protocol"],
        ["Flower"] = [.. Tools, "Flower.Switchboard", "Flower.CommandLine", "Flower.Client", "Flower.Rpc", "Flower.Protocol"],
    };

    [Test]
    public void ProjectReferences_EachProject_RunOneWay()
    {
        foreach (string project in RepositoryFiles.Find("*.csproj"))
        {
            string name = Path.GetFileNameWithoutExtension(project);
            if (name is "Flower.Tests" or "Flower.Benchmarks" or "Flower.Fuzz")
            {
                continue;
            }

            if (project.StartsWith(Path.Combine(RepositoryFiles.Root, "samples/"), StringComparison.Ordinal))
            {
                Assert.That(References(project), Has.Length.EqualTo(1).And.SubsetOf(Libraries), name);
                continue;
            }

            string[] allowed = Allowed.GetValueOrDefault(name)
                ?? (Tools.Contains(name) ? [.. Allowed["Flower.CommandLine"], "Flower.CommandLine", .. Parts] : []);
            Assert.That(References(project).Except(allowed), Is.Empty, $"what {name} must not use");
        }
    }

    [Test]
    public void ProjectReferences_Layers_AreJoined()
    {
        Assert.That(ReferencesOf("Flower.Rpc"), Is.EqualTo(new[] { "Flower.Protocol" }));
        Assert.That(ReferencesOf("Flower.Client"), Is.EqualTo(new[] { "Flower.Rpc" }));
        Assert.That(ReferencesOf("Flower.AspNetCore"), Is.EqualTo(new[] { "Flower.Client" }));
        Assert.That(ReferencesOf("Flower.Http"), Is.EqualTo(new[] { "Flower.Client" }));
        Assert.That(ReferencesOf("Flower.Switchboard"), Is.EqualTo(new[] { "Flower.Rpc" }));
        Assert.That(ReferencesOf("Flower.CommandLine"), Is.EqualTo(new[] { "Flower.Client" }));
        foreach (string tool in Tools)
        {
            Assert.That(ReferencesOf(tool).Except(Parts), Is.EqualTo(new[] { "Flower.CommandLine" }), tool);
        }

        Assert.That(ReferencesOf("Flower"), Is.SupersetOf(Tools));
    }

    private static string[] ReferencesOf(string name) =>
        References(Path.Combine(RepositoryFiles.Root, name, name + ".csproj"));

    private static string[] References(string project) =>
        [.. XDocument.Load(project).Descendants("ProjectReference")
            .Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value))
            .Order(StringComparer.Ordinal)];
}
