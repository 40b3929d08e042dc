// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Flower.CommandLine;

/// <summary>
/// An option whose value is a duration: <c>500ms</c>, <c>5s</c>, <c>2m</c>, <c>1h</c> or a bare number of seconds.
/// </summary>
public sealed class DurationOption : Option<TimeSpan?>
{
    /// <summary>The longest duration: ten days.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(10);

    private static readonly (string Suffix, double Seconds)[] Units =
        [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)];

    private readonly TimeSpan _default;

    /// <summary>The option, with its default, which its description tells: help would print it as 00:00:03.</summary>
    public DurationOption(string name, TimeSpan defaultValue)
        : base(name)
    {
        HelpName = "DURATION";
        CustomParser = Parse;
        _default = defaultValue;
    }

    /// <summary>The duration that was given, or the default.</summary>
    public TimeSpan Read(ParseResult command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return command.GetValue(this) ?? _default;
    }

    /// <summary>Reads a duration.</summary>
    /// <returns>False: it is none, is negative, or is longer than <see cref="Longest"/>.</returns>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        ArgumentNullException.ThrowIfNull(text);
        (string suffix, double seconds) = Array.Find(
            Units, unit => text.EndsWith(unit.Suffix, StringComparison.Ordinal)) is { Suffix: not null } found
            ? found
            : ("", 1);
        bool isNumber = double.TryParse(
            text[..^suffix.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number);
        bool isGood = isNumber && number * seconds <= Longest.TotalSeconds;
        duration = isGood ? TimeSpan.FromSeconds(number * seconds) : default;
        return isGood;
    }

    private TimeSpan? Parse(ArgumentResult result)
    {
        if (!TryParse(result.Tokens[0].Value, out TimeSpan duration))
        {
            result.AddError($"'{result.Tokens[0].Value}' is not a duration for {Name}: write 500ms, 5s, 2m, 1h or a "
                + "number of seconds, at most 10 days");
        }

        return duration;
    }
}
