// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Flower.Protocol;

/// <content>Labels as people write them: words, or one JSON object.</content>
public sealed partial class LabelSet
{
    // As in LabelRules: a lone surrogate must not become another character on the way in.
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private static readonly JsonWriterOptions Printing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Reads words: <c>key=value</c> states a label, <c>+key=value</c> states and requires it, <c>+key</c> requires the
    /// key with any value. A word that begins with '{' is a JSON object of labels. All words together are one set.
    /// </summary>
    /// <exception cref="LabelException">A word is none of these, or a key is given twice.</exception>
    public static LabelSet ParseWords(IEnumerable<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        var labels = new List<KeyValuePair<string, string>>();
        var required = new List<string>();
        foreach (string word in words)
        {
            if (word.StartsWith('{'))
            {
                LabelSet json = ParseJson(word);
                labels.AddRange(json.Labels);
                required.AddRange(json.RequiredKeys);
            }
            else
            {
                AddWord(word, labels, required);
            }
        }

        return Create(labels, required);
    }

    /// <summary>
    /// Reads one JSON object whose values are strings: <c>{"program":"demo"}</c>. A name that begins with '+' is a
    /// required key; its value may be null, for any value.
    /// </summary>
    /// <exception cref="LabelException">It is not such an object, a name stands twice, or something follows it.</exception>
    public static LabelSet ParseJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        var labels = new List<KeyValuePair<string, string>>();
        var required = new List<string>();
        try
        {
            var reader = new Utf8JsonReader(Strict.GetBytes(json));
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw new LabelException("labels in JSON must be an object, such as {\"program\":\"demo\"}");
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                reader.Read();
                bool requires = name.StartsWith('+');
                string key = requires ? name[1..] : name;
                if (reader.TokenType == JsonTokenType.String)
                {
                    labels.Add(new(key, reader.GetString()!));
                }
                else if (reader.TokenType != JsonTokenType.Null || !requires)
                {
                    throw new LabelException($"the value of label '{LabelRules.Printable(key)}' must be a string", key);
                }

                if (requires)
                {
                    required.Add(key);
                }
            }

            reader.Read();
        }
        catch (EncoderFallbackException)
        {
            throw new LabelException("bad JSON: it is not well-formed Unicode");
        }
        catch (JsonException e)
        {
            throw new LabelException($"bad JSON: {JsonFault.Words(e)}");
        }
        catch (InvalidOperationException e)
        {
            throw new LabelException($"bad JSON: {LabelRules.Printable(e.Message)}");
        }

        return Create(labels, required);
    }

    /// <summary>The set as JSON, as <see cref="ParseJson"/> reads it, sorted by key.</summary>
    public string ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Printing))
        {
            WriteTo(writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Writes the set as a JSON object, as <see cref="ToJson"/>.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        foreach ((string key, string value) in Labels)
        {
            writer.WriteString(Requires(key) ? "+" + key : key, value);
        }

        foreach (string key in RequiredKeys)
        {
            if (this[key] is null)
            {
                writer.WriteNull("+" + key);
            }
        }

        writer.WriteEndObject();
    }

    /// <summary>The set as words, separated by spaces; control characters become '?'.</summary>
    public override string ToString() => LabelRules.Printable(string.Join(
        ' ',
        Labels.Select(l => $"{(Requires(l.Key) ? "+" : "")}{l.Key}={l.Value}")
            .Concat(RequiredKeys.Where(k => this[k] is null).Select(k => "+" + k))));

    private static void AddWord(string word, List<KeyValuePair<string, string>> labels, List<string> required)
    {
        bool requires = word.StartsWith('+');
        string text = requires ? word[1..] : word;
        int at = text.IndexOf('=', StringComparison.Ordinal);
        if (at < 0 && !requires)
        {
            throw new LabelException($"'{LabelRules.Printable(word)}' is not a label: write key=value, +key=value or +key");
        }

        string key = at < 0 ? text : text[..at];
        if (at >= 0)
        {
            labels.Add(new(key, text[(at + 1)..]));
        }

        if (requires)
        {
            required.Add(key);
        }
    }
}
