// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Extensions.Configuration;

namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>
/// What sections are: the library has keys and texts only. A list is a section whose keys are numbers, which an
/// object's never are (<see cref="JsonShape"/>); an empty one has the text "", an empty object has none; numbers are
/// texts.
/// </summary>
internal static class Sections
{
    /// <summary>Whether a key is a place in a list.</summary>
    public static bool IsIndex(string key) => key.Length > 0 && key.All(char.IsAsciiDigit);

    /// <summary>Whether it has no text: an object, or null.</summary>
    public static bool IsObject(IConfigurationSection section) => section.Value is null;

    /// <summary>Those of the children that have one of the keys; each other one is an error.</summary>
    /// <param name="section">The parent.</param>
    /// <param name="place">Of the parent; empty for the whole file.</param>
    /// <param name="keys">The keys that may stand there, as they are spelled.</param>
    /// <param name="errors">The others are told to it.</param>
    public static IEnumerable<IConfigurationSection> Known(
        IConfiguration section, string place, string[] keys, ConfigurationErrors errors)
    {
        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (keys.Contains(child.Key, StringComparer.Ordinal))
            {
                yield return child;
            }
            else
            {
                errors.Add(
                    place.Length == 0 ? child.Key : $"{place}.{child.Key}",
                    $"there is no such key here, only {string.Join(", ", keys)}");
            }
        }
    }

    /// <summary>The texts of a list, or the one text that stands instead, each with its place.</summary>
    /// <param name="section">The list.</param>
    /// <param name="place">Of the list.</param>
    /// <param name="wanted">What to say if it is something else: "must be …".</param>
    /// <param name="errors">What is no text is told to it.</param>
    public static IEnumerable<(string Place, string Text)> Texts(
        IConfigurationSection section, string place, string wanted, ConfigurationErrors errors)
    {
        if (section.Value is { Length: > 0 } one)
        {
            yield return (place, one);
            yield break;
        }

        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (!IsIndex(child.Key))
            {
                errors.Add(place, wanted);
                yield break;
            }

            if (child.Value is { } text)
            {
                yield return ($"{place}[{child.Key}]", text);
            }
            else
            {
                errors.Add($"{place}[{child.Key}]", wanted);
            }
        }
    }
}
