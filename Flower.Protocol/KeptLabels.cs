// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using System.Text.Unicode;
using Flower.Protocol.V1;

namespace Flower.Protocol;

/// <summary>Where the labels of a message are, if they follow one another and each can be decoded.</summary>
internal struct KeptLabels
{
    // Those of most connections have some hundreds of bytes.
    private const int MaxRemembered = 1024;

    // Those that were looked at last on this thread, each with its tag and its length: those of the next connection are mostly
    // the same but for its id, or that and the client's address. Begins says where each begins, and where the last one ends.
    [ThreadStatic]
    private static (byte[] Bytes, int[] Begins)? _last;

    private int _start;
    private int _end;
    private bool _isKnown;

    /// <summary>
    /// Takes those with which a message begins: of these, those that are as in the message before need not be looked at again.
    /// </summary>
    /// <param name="fields">Goes on behind them.</param>
    /// <param name="message">The message.</param>
    /// <param name="field">The number of the labels' field.</param>
    internal static KeptLabels Begin(ref FieldReader fields, ReadOnlySpan<byte> message, int field)
    {
        if (_last is not var (bytes, begins))
        {
            return default;
        }

        int known = Repeated(bytes, begins, message, field, out int others);
        fields.Skip(known);
        return new() { _end = known, _isKnown = known > 0 && others <= begins.Length / 2 };
    }

    /// <summary>Takes one. False: what is read on is lost.</summary>
    internal bool Add(in FieldReader field)
    {
        if (_end == 0)
        {
            _start = field.Start;
        }
        else if (_end != field.Start)
        {
            return false;
        }

        _end = field.End;
        _isKnown = false;
        return IsLabel(field.Body);
    }

    /// <summary>Whether they are all UTF-8, without which nobody could decode them.</summary>
    internal readonly bool AreText(ReadOnlySpan<byte> message)
    {
        // Mostly so, and looked at in large steps.
        ReadOnlySpan<byte> all = message[_start.._end];
        return Ascii.IsValid(all) || Each(all);
    }

    /// <summary>The labels, once they are found to be good. They are copied.</summary>
    internal readonly EncodedLabels Of(ReadOnlySpan<byte> message)
    {
        byte[] labels = message[_start.._end].ToArray();
        if (!_isKnown && labels.Length is > 0 and <= MaxRemembered)
        {
            Remember(labels);
        }

        return EncodedLabels.Received(labels);
    }

    // How many bytes of the message are labels as they are known, in that order, or others in the place of one, which are looked at.
    private static int Repeated(byte[] known, int[] begins, ReadOnlySpan<byte> message, int field, out int others)
    {
        others = 0;
        if (known[0] != FieldReader.Block(field))
        {
            return 0;
        }

        int at = 0;
        for (int i = 0; i < begins.Length - 1;)
        {
            // As many as are the same, at once.
            int same = known.AsSpan(begins[i]).CommonPrefixLength(message[at..]);
            int first = i;
            while (i < begins.Length - 1 && begins[i + 1] - begins[first] <= same)
            {
                i++;
            }

            at += begins[i] - begins[first];
            if (i == begins.Length - 1)
            {
                break;
            }

            var reader = new FieldReader(message[at..]);
            if (!reader.Next() || reader.Tag != known[0] || !IsLabel(reader.Body))
            {
                break;
            }

            others++;
            at += reader.End;
            i++;
        }

        return at;
    }

    // Nobody changes them.
    private static void Remember(byte[] labels)
    {
        var begins = new List<int>(16);
        var reader = new FieldReader(labels);
        while (reader.Next())
        {
            begins.Add(reader.Start);
        }

        begins.Add(labels.Length);
        _last = (labels, [.. begins]);
    }

    private static bool IsLabel(ReadOnlySpan<byte> body)
    {
        var parts = new FieldReader(body);
        while (parts.Next())
        {
            if (parts.Tag != FieldReader.Block(Label.KeyFieldNumber) && parts.Tag != FieldReader.Block(Label.ValueFieldNumber)
                && parts.Tag != FieldReader.Number(Label.SourceFieldNumber))
            {
                return false;
            }
        }

        return parts.IsAtEnd;
    }

    private static bool Each(ReadOnlySpan<byte> all)
    {
        for (var labels = new FieldReader(all); labels.Next();)
        {
            for (var parts = new FieldReader(labels.Body); parts.Next();)
            {
                if (!Utf8.IsValid(parts.Body))
                {
                    return false;
                }
            }
        }

        return true;
    }
}
