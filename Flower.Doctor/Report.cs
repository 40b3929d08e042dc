// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using System.Text.Json;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Doctor;

/// <summary>A finding as a line: for people, or JSON.</summary>
internal static class Report
{
    private const int VerdictWidth = 9;
    private const int CheckWidth = 17;

    public static string Line(Finding finding, bool color)
    {
        string advice = finding.Advice is null ? "" : $": {finding.Advice}";
        string verdict = WordOf(finding.Verdict).PadRight(VerdictWidth);
        return Colors.Paint(verdict, InkOf(finding.Verdict), color) + finding.Check.PadRight(CheckWidth)
            + LabelRules.Printable(finding.Text + advice);
    }

    public static string JsonLine(Finding finding)
    {
        using var line = new MemoryStream();
        using (var writer = new Utf8JsonWriter(line))
        {
            writer.WriteStartObject();
            writer.WriteString("check", finding.Check);
            writer.WriteString("verdict", WordOf(finding.Verdict));
            writer.WriteString("text", finding.Text);
            writer.WriteString("advice", finding.Advice);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length);
    }

    private static Ink InkOf(Verdict verdict) => verdict switch
    {
        Verdict.Ok => Ink.Good,
        Verdict.Warning => Ink.Notable,
        _ => Ink.Bad,
    };

    private static string WordOf(Verdict verdict) => verdict switch
    {
        Verdict.Ok => "ok",
        Verdict.Warning => "warning",
        _ => "problem",
    };
}
