// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Run.Agent;

/// <summary>A port of the box whose listener is put on the board.</summary>
/// <param name="Port">1 to 65,535.</param>
/// <param name="Labels">Under which.</param>
internal readonly record struct PublishedPort(ushort Port, LabelSet Labels)
{
    /// <summary>Reads <c>PORT=LABELS</c>, as for <see cref="LabelsOption"/>.</summary>
    /// <exception cref="ToolException">It is not of that form, or a word is no label.</exception>
    public static PublishedPort Parse(string text)
    {
        string[] halves = text.Split('=', 2);
        if (halves.Length < 2 || halves[1].Trim().Length == 0
            || !ushort.TryParse(halves[0], NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || port == 0)
        {
            throw new ToolException(
                ExitCodes.Usage,
                $"--publish {LabelRules.Printable(text)}: write PORT=LABELS, such as --publish 8080=service=www");
        }

        try
        {
            LabelSet labels = LabelSet.ParseWords(LabelsOption.WordsOf(halves[1]));
            labels.CheckSize();
            return new(port, labels);
        }
        catch (LabelException e)
        {
            throw new ToolException(ExitCodes.Usage, $"--publish {port}: {e.Message}", e);
        }
    }
}
