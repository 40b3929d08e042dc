// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Flower.CommandLine;

/// <summary>Options whose value is a number within limits.</summary>
public static class Numbers
{
    /// <summary>The option takes these numbers alone.</summary>
    /// <remarks>Looks at the words: to ask for the value throws where it is no number at all.</remarks>
    public static T AcceptFromTo<T>(this T option, long least, long most)
        where T : Option
    {
        ArgumentNullException.ThrowIfNull(option);
        option.Validators.Add(result =>
        {
            foreach (Token token in result.Tokens)
            {
                if (!long.TryParse(token.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value)
                    || value < least || value > most)
                {
                    string range = most is int.MaxValue or long.MaxValue
                        ? string.Create(CultureInfo.InvariantCulture, $", {least} or more")
                        : string.Create(CultureInfo.InvariantCulture, $" from {least} to {most}");
                    result.AddError($"{option.Name} wants a number{range}, and cannot take '{token.Value}'");
                    return;
                }
            }
        });
        return option;
    }
}
