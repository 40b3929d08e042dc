// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;

namespace Flower.CommandLine;

/// <summary>Options whose value is one of a few words.</summary>
public static class Choices
{
    /// <summary>The option takes these words alone. Unlike that of the library, what it says of others is one line.</summary>
    /// <param name="option">The option.</param>
    /// <param name="words">Two or more.</param>
    public static T AcceptOneOf<T>(this T option, params string[] words)
        where T : Option
    {
        ArgumentNullException.ThrowIfNull(option);
        option.CompletionSources.Add(words);
        option.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => !words.Contains(token.Value, StringComparer.Ordinal)) is { } wrong)
            {
                result.AddError($"{option.Name} {wrong.Value}: it is {string.Join(", ", words[..^1])} or {words[^1]}");
            }
        });
        return option;
    }
}
