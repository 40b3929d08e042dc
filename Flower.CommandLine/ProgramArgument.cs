// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.CommandLine.Parsing;

namespace Flower.CommandLine;

/// <summary>A program to run and its arguments: all that follows <c>--</c>, as it is.</summary>
public sealed class ProgramArgument : Argument<string[]>
{
    /// <summary>
    /// Stands after <see cref="LabelsArgument"/>, which is read by <see cref="LabelsArgument.ReadBefore"/>.
    /// </summary>
    public ProgramArgument()
        : base("COMMAND")
    {
        Arity = ArgumentArity.ZeroOrMore;
        Description = "The program and its arguments, after --, which ends the labels and options";
    }

    /// <summary>The words after the first <c>--</c>; none without it.</summary>
    public static string[] Read(ParseResult command)
    {
        ArgumentNullException.ThrowIfNull(command);

        // Not the argument's value: the parser gives these words to the labels, which also take any number.
        return [.. command.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).Skip(1)
            .Select(token => token.Value)];
    }
}
