// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Flower.CommandLine;

/// <summary>What is wrong with a command line that the parser did not understand, in one line, with what may have been meant.</summary>
internal static class UsageError
{
    /// <summary>The line.</summary>
    public static string Words(ParseResult result)
    {
        CommandResult at = result.CommandResult;
        string? word = result.UnmatchedTokens.Count > 0 ? result.UnmatchedTokens[0] : null;
        string hint = word is null ? "" : Suggestion.For(word, at);
        string[] below = [.. at.Command.Subcommands.Where(command => !command.Hidden).Select(command => command.Name)];
        if (at.Command.Action is null && below.Length > 0 && hint.Length == 0 && !(word is not null && at.Command is RootCommand))
        {
            return MissingSubcommand(at, word, below);
        }

        return word is not null && at.Command is RootCommand && !word.StartsWith('-') ? $"there is no command '{word}'{hint}"
            : result.Errors.Count > 0 ? Words(result.Errors[^1]) + hint
            : "it is not understood";
    }

    /// <summary>The words with which the command is called: <c>flower ingress</c>.</summary>
    public static string PathOf(CommandResult result)
    {
        string name = result.Command is RootCommand ? "flower" : result.Command.Name;
        return result.Parent is CommandResult parent ? $"{PathOf(parent)} {name}" : name;
    }

    private static string MissingSubcommand(CommandResult at, string? word, string[] below)
    {
        const string missing = "a subcommand is missing";
        return at.Command is RootCommand ? missing
            : below.Length > 1 ? $"{missing}: {string.Join(", ", below[..^1])} or {below[^1]}"
            : word is null ? $"{missing}: {below[0]}"
            : $"{missing}; did you mean '{PathOf(at)} {below[0]} {word} …'?";
    }

    // What the library says of a number is about types; what an option itself says begins with its name.
    private static string Words(ParseError error) =>
        error.SymbolResult is OptionResult { Tokens: [.., { } last] } given
        && IsNoNumber(given.Option.ValueType, last.Value)
        && !error.Message.StartsWith(given.Option.Name, StringComparison.Ordinal)
            ? $"{given.Option.Name} wants a number, and cannot take '{last.Value}'"
            : error.Message.TrimEnd('.');

    private static bool IsNoNumber(Type type, string word)
    {
        Type number = Nullable.GetUnderlyingType(type) ?? type;
        return (number == typeof(int) && !int.TryParse(word, NumberStyles.Integer, CultureInfo.InvariantCulture, out _))
            || (number == typeof(long) && !long.TryParse(word, NumberStyles.Integer, CultureInfo.InvariantCulture, out _));
    }
}
