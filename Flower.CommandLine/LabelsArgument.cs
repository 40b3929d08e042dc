// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Protocol;

namespace Flower.CommandLine;

/// <summary>Labels as words, or as one JSON object.</summary>
public sealed class LabelsArgument : Argument<string[]>
{
    /// <summary>Zero or more words.</summary>
    public LabelsArgument()
        : base("LABELS")
    {
        Arity = ArgumentArity.ZeroOrMore;
        Description = "key=value states a label, +key=value also requires it of the other side, +key requires the key "
            + "with any value; or one JSON object: '{\"program\":\"demo\"}'";
    }

    /// <summary>The set that the words form.</summary>
    /// <exception cref="LabelException">A word is no label, or a key is given twice.</exception>
    public LabelSet Read(ParseResult command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return Parse(command.GetValue(this) ?? [], command);
    }

    /// <summary>
    /// The set that the words before <c>--</c> form, for a command with a <see cref="ProgramArgument"/>.
    /// </summary>
    /// <exception cref="LabelException">A word is no label, or a key is given twice.</exception>
    public LabelSet ReadBefore(ParseResult command)
    {
        ArgumentNullException.ThrowIfNull(command);
        string[] words = command.GetValue(this) ?? [];
        return Parse(words[..^ProgramArgument.Read(command).Length], command);
    }

    /// <summary>The set that words form.</summary>
    /// <param name="words">The words.</param>
    /// <param name="command">Where they stand, for what a mistyped option may have been; null: nowhere.</param>
    /// <exception cref="LabelException">A word is no label, or a key is given twice.</exception>
    public static LabelSet Parse(string[] words, ParseResult? command = null)
    {
        ArgumentNullException.ThrowIfNull(words);
        if (Array.Find(words, word => word.StartsWith("--", StringComparison.Ordinal)) is { } option)
        {
            throw new LabelException(Suggestion.NoSuchOption(option, command?.CommandResult));
        }

        LabelSet labels = LabelSet.ParseWords(words);
        labels.CheckSize();
        return labels;
    }
}
