// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Text;
using System.Text.RegularExpressions;
using Flower.Tests.EndToEnd;
using Flower.Tests.Repository;
using NUnit.Framework;

namespace Flower.Tests.Packaging;

/// <summary>The manual: a page for each command, all in one order, with the options that the program has.</summary>
public sealed partial class ManualTests
{
    private const string Folder = "packaging/man";

    // Of a command's page all of these, of the others those that say something.
    private static readonly string[] Sections =
    [
        "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "NOTES", "SEE ALSO",
    ];

    private static readonly string[] Pages = [.. Directory.GetFiles(Path.Combine(RepositoryFiles.Root, Folder))
        .Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    private static IEnumerable<Command> TopCommands => CommandTree.Create().Subcommands;

    [Test]
    public void Pages_All_AreOneACommandAndThree() => Assert.That(
        Pages,
        Is.EquivalentTo(
            TopCommands.Select(command => $"flower-{command.Name}.1")
                .Concat(["flower.1", "flower.7", "flower-labels.7", "flower-protocol.7"])));

    [TestCaseSource(nameof(TopCommands))]
    public void Options_EachCommand_AreThoseOfTheProgram(Command command)
    {
        string path = $"{Folder}/flower-{command.Name}.1";
        string page = RepositoryFiles.Read(path);
        int begin = page.IndexOf(OptionsSection.Begin, StringComparison.Ordinal);
        int end = page.IndexOf(OptionsSection.End, StringComparison.Ordinal);
        Assert.That(begin > 0 && end > begin, Is.True, "the section OPTIONS is not marked");

        GeneratedFile.Check(path, page[..begin] + OptionsSection.Of(command) + page[(end + OptionsSection.End.Length)..]);
    }

    [TestCaseSource(nameof(Pages))]
    public void Sections_EachPage_InOneOrder(string page)
    {
        string[] found = [.. SectionHead().Matches(Read(page)).Select(match => match.Groups[1].Value)];
        if (page.EndsWith(".1", StringComparison.Ordinal))
        {
            Assert.That(found, Is.EqualTo(Sections));
        }
        else
        {
            Assert.That(found.Where(Sections.Contains), Is.EqualTo(Sections.Where(found.Contains)));
            Assert.That(found, Does.Contain("NAME").And.Contain("DESCRIPTION").And.Contain("NOTES").And.Contain("SEE ALSO"));
        }
    }

    [Test]
    public void Index_PageOfTheProgram_NamesEachCommand()
    {
        string page = Read("flower.1").Replace("\\-", "-", StringComparison.Ordinal);
        Assert.That(
            TopCommands.Where(command => !page.Contains($"flower-{command.Name}\\fR(1)", StringComparison.Ordinal)), Is.Empty);
    }

    [TestCaseSource(nameof(Pages))]
    public void References_EachPage_AreToPagesThatThereAre(string page)
    {
        string[] ours = [.. Reference().Matches(Read(page).Replace("\\-", "-", StringComparison.Ordinal))
            .Select(match => $"{match.Groups[1].Value}.{match.Groups[2].Value}")];
        Assert.That(ours.Except(Pages), Is.Empty);
    }

    [TestCaseSource(nameof(Pages))]
    public void Examples_EachLineOfFlower_IsACommandLine(string page)
    {
        string[] lines = [.. ExampleBlock().Matches(Read(page)).SelectMany(match => match.Groups[1].Value.Split('\n'))
            .Select(line => line.Replace("\\-", "-", StringComparison.Ordinal).Replace("\\(aq", "'", StringComparison.Ordinal))];
        foreach (string[] words in lines.Select(CommandWords).Where(words => words is ["flower", _, ..]))
        {
            ParseResult parsed = CommandTree.Create().Parse(words[1..]);
            Assert.That(parsed.Errors.Select(error => error.Message), Is.Empty, string.Join(' ', words));
        }

        Assert.That(lines.Length > 0 || page.EndsWith(".7", StringComparison.Ordinal), "it has no example");
    }

    [TestCaseSource(nameof(Pages))]
    public async Task Pages_Each_AreReadWithoutAWarning(string page)
    {
        string path = Path.Combine(RepositoryFiles.Root, Folder, page);
        await using FlowerProcess man = FlowerProcess.Start(
            Programs.Require("env"),
            ["MANWIDTH=80", "LC_ALL=C.UTF-8", Programs.Require("man"), "--warnings", "-E", "UTF-8", "-l", "-Tutf8", path]);
        Assert.That(await man.ExitAsync(), Is.Zero, man.Error.ToString());
        await using FlowerProcess lint = FlowerProcess.Start(Programs.Require("mandoc"), ["-T", "lint", "-W", "warning", path]);
        int code = await lint.ExitAsync();
        Assert.Multiple(() =>
        {
            Assert.That(man.Error.Lines, Is.Empty);
            Assert.That(man.Out.Lines, Has.Count.GreaterThan(20));
            Assert.That(lint.Out.Lines, Is.Empty);
            Assert.That(code, Is.Zero);
        });
    }

    private static string Read(string page) => RepositoryFiles.Read($"{Folder}/{page}");

    // The words of the first command of a line for a shell: single quotes are understood, and what follows a pipe, a redirection
    // or a comment is left out.
    private static string[] CommandWords(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        bool isQuoted = false, isWord = false;
        foreach (char c in line)
        {
            if (c == '\'')
            {
                isQuoted = !isQuoted;
                isWord = true;
            }
            else if (isQuoted || (c != ' ' && "|<>&#;".IndexOf(c, StringComparison.Ordinal) < 0))
            {
                word.Append(c);
                isWord = true;
            }
            else
            {
                if (isWord)
                {
                    words.Add(word.ToString());
                    word.Clear();
                    isWord = false;
                }

                if (c != ' ')
                {
                    return [.. words];
                }
            }
        }

        return [.. words, .. isWord ? new[] { word.ToString() } : []];
    }

    [GeneratedRegex("^\\.SH \"?([A-Z ]+?)\"?$", RegexOptions.Multiline)]
    private static partial Regex SectionHead();

    [GeneratedRegex(@"\\fB(flower[a-z-]*)\\fR\((\d)\)")]
    private static partial Regex Reference();

    [GeneratedRegex(@"^\.EX\n(.*?)\n\.EE$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex ExampleBlock();
}
