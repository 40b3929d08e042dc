// SPDX-License-Identifier: BSD-2-Clause
using Flower.Tests.EndToEnd;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.Documentation;

/// <summary>Every page with steps, followed as it is written, by an ordinary user in terminals of his own.</summary>
[Category("EndToEnd")]
internal sealed class PageTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static string Folder => Path.Combine(Programs.Root, "docs");

    private static IEnumerable<string> Pages => Directory.GetFiles(Folder, "*.md", SearchOption.AllDirectories)
        .Where(path => File.ReadLines(path).Contains("```console"))
        .Select(path => Path.GetRelativePath(Programs.Root, path)).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Pages))]
    public async Task Page_FollowedAsWritten_ShowsWhatItSays(string name)
    {
        if (Syscall.geteuid() != 0)
        {
            Assert.Ignore("only root can make the namespaces and the account of a page's reader");
        }

        _ = Programs.Require("ip", "/usr/sbin");
        var page = Page.Read(name, await File.ReadAllTextAsync(Path.Combine(Programs.Root, name)));
        foreach (string program in page.Needs)
        {
            _ = Programs.Require(program, "/usr/sbin", "/usr/lib/postgresql/*/bin");
        }

        await using var terminals = new Terminals();
        Assert.That(await new PageRunner(page, terminals, Limit).RunAsync(), Is.Null);
    }
}
