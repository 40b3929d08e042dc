// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.CommandLine.Help;
using System.Globalization;

namespace Flower.Tests.Packaging;

/// <summary>What the manual and the completions are made of: the commands of the program, and what one can say to each.</summary>
internal static class Commands
{
    /// <summary>The commands that can be run, with the words that lead to each: <c>ingress accept</c>.</summary>
    public static IEnumerable<(string Path, Command Command)> Leaves(Command above, string path = "") => above.Subcommands
        .SelectMany(command => command.Subcommands.Count > 0
            ? Leaves(command, $"{path}{command.Name} ")
            : [($"{path}{command.Name}", command)]);

    /// <summary>The options of a command, but for those that every command has.</summary>
    public static IEnumerable<Option> OptionsOf(Command command) =>
        command.Options.Where(option => !option.Hidden && option is not (HelpOption or VersionOption));

    /// <summary>What an option is called, short ones first.</summary>
    public static IEnumerable<string> NamesOf(Option option) => option.Aliases.Append(option.Name).OrderBy(name => name.Length);

    /// <summary>What stands for its value; null: it takes none.</summary>
    public static string? ValueOf(Option option) => option.Arity.MaximumNumberOfValues == 0 || option.ValueType == typeof(bool)
        ? null
        : option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant();

    /// <summary>The words of which its value is one; empty: it is something else.</summary>
    public static string[] ChoicesOf(Option option)
    {
        string[] words = ValueOf(option)?.Split('|') ?? [];
        return words.Length > 1 && words.All(word => word.All(c => c is (>= 'a' and <= 'z') or '-')) ? words : [];
    }

    /// <summary>Whether its value is the path of a file.</summary>
    public static bool IsFile(Option option) => ValueOf(option) is { } value
        && (value.Contains("PATH", StringComparison.Ordinal) || value.Contains("FILE", StringComparison.Ordinal));

    /// <summary>Its description, with the default, as sentences.</summary>
    public static string TextOf(Option option)
    {
        string text = (option.Description ?? "").ReplaceLineEndings(" ").Trim().TrimEnd('.') + ".";
        object? value = option.HasDefaultValue && ValueOf(option) is not null ? option.GetDefaultValue() : null;
        return value is null || text.Contains("Default", StringComparison.Ordinal)
            ? text
            : string.Create(CultureInfo.InvariantCulture, $"{text} Default: {value}.");
    }

    /// <summary>The beginning of a description, in one short line.</summary>
    public static string Brief(string? description)
    {
        string line = (description ?? "").Split('\n', 2)[0].Split(". ", 2)[0].TrimEnd('.', ':');
        return line.Length <= 90 ? line : line[..line.LastIndexOf(' ', 87)] + "...";
    }
}
