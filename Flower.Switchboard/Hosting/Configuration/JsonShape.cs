// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Protocol;

namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>
/// Finds what the configuration library would blur: it knows texts by their paths alone, ignores case, and merges what
/// is given twice. In a file that grants rights nothing may be read as something else.
/// </summary>
internal sealed class JsonShape(ConfigurationErrors errors)
{
    // As the library reads it.
    private static readonly JsonDocumentOptions Options = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    private bool _isReadable = true;

    /// <summary>
    /// Tells what is wrong. Returns whether the library can be given it all the same, so that the other errors are
    /// found: it is one object of JSON, in which nothing is given twice.
    /// </summary>
    public bool Check(byte[] json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                errors.Add("must be one object: { \"grants\": [ … ] }");
                _isReadable = false;
            }
            else
            {
                Walk("", document.RootElement);
            }
        }
        catch (JsonException e)
        {
            errors.Add($"not JSON: {JsonFault.Words(e)}");
            _isReadable = false;
        }
        catch (InvalidOperationException)
        {
            errors.Add("a text in it is not well-formed Unicode");
            _isReadable = false;
        }

        return _isReadable;
    }

    private void Walk(string place, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var keys = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    string at = place.Length == 0 ? property.Name : $"{place}.{property.Name}";
                    CheckKey(at, property.Name, keys);
                    Walk(at, property.Value);
                }

                break;
            case JsonValueKind.Array:
                int index = 0;
                foreach (JsonElement item in element.EnumerateArray())
                {
                    Walk($"{place}[{index++}]", item);
                }

                break;
            case JsonValueKind.True or JsonValueKind.False:
                errors.Add(place, "true and false mean nothing here: put the text in quotes");
                break;
            default:
                break;
        }
    }

    private void CheckKey(string place, string key, HashSet<string> seen)
    {
        if (!seen.Add(key))
        {
            errors.Add(place, "is given twice: upper and lower case count as the same here");
            _isReadable = false;
        }
        else if (Sections.IsIndex(key) || key.Contains(':', StringComparison.Ordinal))
        {
            errors.Add(place, "such a key can only be given in words: \"in\": \"KEY=value\"");
        }
    }
}
