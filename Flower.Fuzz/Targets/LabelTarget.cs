// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Run;
using Google.Protobuf;

namespace Flower.Fuzz.Targets;

/// <summary>Labels as words, as JSON and as a message. What is taken can be said again, and is safe to print.</summary>
internal static class LabelTarget
{
    public static void Run(byte[] input)
    {
        string text = Encoding.UTF8.GetString(input);
        Check(() => LabelSet.ParseWords(text.Split('\n')));
        Check(() => LabelSet.ParseWords(LabelsOption.WordsOf(text)));
        Check(() => LabelSet.ParseJson(text));
        // Half of a character, too.
        Check(() => LabelSet.ParseWords([Encoding.Unicode.GetString(input)]));
        Check(() => LabelSet.ParseJson(string.Create(input.Length, input, static (chars, bytes) =>
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                chars[i] = (char)(bytes[i] < 0xf0 ? bytes[i] : 0xd800 + (bytes[i] << 4));
            }
        })));
        Labels message;
        try
        {
            message = Labels.Parser.ParseFrom(input);
        }
        catch (InvalidProtocolBufferException)
        {
            return;
        }

        Check(() => LabelSet.FromMessage(message));
    }

    private static void Check(Func<LabelSet> read)
    {
        LabelSet labels;
        try
        {
            labels = read();
        }
        catch (LabelException e)
        {
            BrokenException.Unless(!e.Message.Any(c => char.IsControl(c) && c != '\n'), $"an error with control characters");
            return;
        }

        BrokenException.Unless(LabelSet.ParseJson(labels.ToJson()).Equals(labels), "the JSON of labels says others");
        BrokenException.Unless(LabelSet.FromMessage(labels.ToMessage()).Equals(labels), "the message of labels says others");
        BrokenException.Unless(LabelSet.ParseWords(WordsOf(labels)).Equals(labels), "the words of labels say others");
        BrokenException.Unless(!labels.ToString().Any(char.IsControl), "labels are printed with control characters");
        BrokenException.Unless(
            labels.Merge(labels, out IReadOnlyList<string> none).Equals(labels) && none.Count == 0, "labels contradict themselves");
    }

    private static IEnumerable<string> WordsOf(LabelSet labels) => labels.Labels
        .Select(label => $"{(labels.Requires(label.Key) ? "+" : "")}{label.Key}={label.Value}")
        .Concat(labels.RequiredKeys.Where(key => labels[key] is null).Select(key => "+" + key))
        // A key that begins with a brace is JSON as a word, and nothing else.
        .Select(word => word.StartsWith('{') ? labels.ToJson() : word)
        .Take(labels.Labels.Any(l => l.Key.StartsWith('{') && !labels.Requires(l.Key)) ? 0 : int.MaxValue)
        .DefaultIfEmpty(labels.ToJson());
}
