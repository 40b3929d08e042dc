// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using NUnit.Framework;

namespace Flower.Tests.CommandLine;

/// <summary>An option that one command has means the same, and is written the same, in all others.</summary>
internal sealed class OptionConsistencyTests
{
    // What differs with a reason: an old tool that has it so, or another thing by the only word for it.
    private static readonly HashSet<string> Exceptions = new(StringComparer.Ordinal)
    {
        "cat --listen", // as nc: a flag
        "web --listen", // TCP, where that of the switchboard is a path
        "serve --wait", // as inetd.conf: a program that takes the listening socket
        "resolver dns --timeout", // one of several times, so not -w
        "tap -w", // as tcpdump: a file
    };

    private static IEnumerable<(string Name, Option Option)> All => Packaging.Commands.Leaves(CommandTree.Create())
        .SelectMany(leaf => Packaging.Commands.OptionsOf(leaf.Command).Select(option => ($"{leaf.Path} {option.Name}", option)));

    private static IEnumerable<(string Name, Option Option)> Regular => All.Where(entry => !Exceptions.Contains(entry.Name));

    [Test]
    public void Options_OfOneName_HaveOneFormAndTheSameLetters()
    {
        foreach (IGrouping<string, (string Name, Option Option)> same in Regular.GroupBy(entry => entry.Option.Name))
        {
            string[] forms = [.. same.Select(entry => Form(entry.Option)).Distinct()];
            Assert.That(forms, Has.Length.EqualTo(1), string.Join(", ", same.Select(entry => entry.Name)));
        }
    }

    [Test]
    public void Letters_Each_StandForOneOption()
    {
        foreach (IGrouping<string, string> same in Regular
            .SelectMany(entry => Packaging.Commands.NamesOf(entry.Option).Where(name => name.Length == 2)
                .Select(letter => (Letter: letter, entry.Option.Name)))
            .GroupBy(pair => pair.Letter, pair => pair.Name))
        {
            Assert.That(same.Distinct().ToArray(), Has.Length.EqualTo(1), same.Key);
        }
    }

    [TestCase("--switchboard")]
    [TestCase("--color")]
    public void Description_OfWhatIsTheSameEverywhere_IsTheSame(string name) => Assert.That(
        All.Where(entry => entry.Option.Name == name).Select(entry => entry.Option.Description).Distinct().ToArray(),
        Has.Length.EqualTo(1));

    [Test]
    public void Json_Each_BeginsAlike() => Assert.That(
        All.Where(entry => entry.Option.Name == "--json").Select(entry => entry.Option.Description),
        Has.All.StartWith("Print one line of JSON"));

    // The rule of flower(1). Those of flower cat are beside its data, on standard error.
    [Test]
    public void Json_Each_IsTheDefaultWhereNobodyReads() => Assert.That(
        All.Where(entry => entry.Option.Name == "--json" && entry.Name != "cat --json").Select(entry => entry.Option.Description),
        Has.All.EndsWith("The default when standard output is not a terminal."));

    [Test]
    public void Json_Each_IsNamedByTheManual()
    {
        string manual = Repository.RepositoryFiles.Read("packaging/man/flower.1");
        string rule = manual.Split("What shows something")[1].Split("There,")[0];
        string[] named = [.. rule.Split("\\fB").Skip(1).Select(word => word.Split("\\fR")[0])];

        Assert.That(named, Is.EquivalentTo(
            All.Where(entry => entry.Option.Name == "--json").Select(entry => entry.Name.Split(' ')[0]).Except(["cat"])));
    }

    [Test]
    public void Switchboard_Each_StandsLast()
    {
        foreach ((string path, Command command) in Packaging.Commands.Leaves(CommandTree.Create()))
        {
            Option[] options = [.. Packaging.Commands.OptionsOf(command)];
            Assert.That(Array.FindIndex(options, o => o.Name == "--switchboard"), Is.EqualTo(-1).Or.EqualTo(options.Length - 1), path);
        }
    }

    [Test]
    public void Defaults_Each_AreReadableAndToldOnce()
    {
        foreach ((string name, Option option) in All)
        {
            object? value = option.HasDefaultValue && Packaging.Commands.ValueOf(option) is not null ? option.GetDefaultValue() : null;
            Assert.That(value, Is.Null.Or.InstanceOf<string>().Or.InstanceOf<int>(), name);
            // Help leaves an empty one out.
            Assert.That(value is not null and not "" && option.Description!.Contains("Default:", StringComparison.Ordinal), Is.False, name);
        }
    }

    [Test]
    public void Exceptions_Each_AreStillThere() => Assert.That(Exceptions.Except(All.Select(entry => entry.Name)), Is.Empty);

    private static string Form(Option option) =>
        $"{string.Join(' ', Packaging.Commands.NamesOf(option))} {Packaging.Commands.ValueOf(option)}";
}
