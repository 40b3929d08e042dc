// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Microsoft.Extensions.Configuration;

namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>
/// Reads labels: an object of texts, in which a key that begins with <c>+</c> is required and may have the value null;
/// or one text of words, as on a command line, which can also say what the object cannot.
/// </summary>
internal sealed class LabelsReader(ConfigurationErrors errors)
{
    private const string Wanted = "must be an object of texts, { \"env\": \"prod\" }, or words, \"env=prod +tenant\"";

    /// <summary>The labels; empty if something is wrong, which is told.</summary>
    public LabelSet Read(IConfigurationSection section, string place)
    {
        try
        {
            LabelSet labels = section.Value is { } words
                ? LabelSet.ParseWords(words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                : ReadObject(section, place);
            labels.CheckSize();
            return labels;
        }
        catch (LabelException e)
        {
            errors.Add(place, e.Message);
            return LabelSet.Empty;
        }
    }

    private LabelSet ReadObject(IConfigurationSection section, string place)
    {
        var labels = new List<KeyValuePair<string, string>>();
        var required = new List<string>();
        foreach (IConfigurationSection child in section.GetChildren())
        {
            if (Sections.IsIndex(child.Key))
            {
                errors.Add(place, Wanted);
                return LabelSet.Empty;
            }

            bool requires = child.Key.StartsWith('+');
            string key = requires ? child.Key[1..] : child.Key;
            if (child.GetChildren().Any())
            {
                errors.Add($"{place}.{child.Key}", "must be a text");
            }
            else if (child.Value is { } value)
            {
                AddLabel($"{place}.{child.Key}", key, value, labels);
            }
            else if (!requires)
            {
                errors.Add($"{place}.{child.Key}", "must be a text; only a key that begins with '+' may be null");
            }

            if (requires)
            {
                required.Add(key);
            }
        }

        return LabelSet.Create(labels, required);
    }

    // One by one, so that each that is wrong is told with its place.
    private void AddLabel(string place, string key, string value, List<KeyValuePair<string, string>> labels)
    {
        try
        {
            LabelRules.CheckKey(key);
            LabelRules.CheckValue(key, value);
            labels.Add(new(key, value));
        }
        catch (LabelException e)
        {
            errors.Add(place, e.Message);
        }
    }
}
