// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.Protocol;

namespace Flower.Run;

/// <summary>Labels as the value of an option: words with spaces between them, or one JSON object; repeatable.</summary>
internal sealed class LabelsOption : Option<string[]>
{
    /// <summary>The option.</summary>
    public LabelsOption(string name, string description)
        : base(name)
    {
        HelpName = "LABELS";
        Description = description;
    }

    /// <summary>The set that all values form together.</summary>
    /// <exception cref="LabelException">A word is no label, or a key is given twice.</exception>
    public LabelSet Read(ParseResult command)
    {
        LabelSet labels = LabelSet.ParseWords((command.GetValue(this) ?? []).SelectMany(WordsOf));
        labels.CheckSize();
        return labels;
    }

    // Within JSON, a space may be part of a value.
    internal static string[] WordsOf(string value) => value.TrimStart().StartsWith('{')
        ? [value.TrimStart()]
        : value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
