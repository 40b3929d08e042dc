// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Protocol.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Flower.Protocol;

/// <summary>
/// Labels as they stand in a message, one after another, each with its tag and its length. The labels of a connection are
/// mostly those of the one before, but for its id: so they are neither encoded nor decoded each time. Immutable.
/// </summary>
public sealed class EncodedLabels
{
    private readonly ReadOnlyMemory<byte> _first;
    private readonly ReadOnlyMemory<byte> _middle;
    private readonly ReadOnlyMemory<byte> _last;

    private EncodedLabels(
        ReadOnlyMemory<byte> first, ReadOnlyMemory<byte> middle = default, ReadOnlyMemory<byte> last = default)
    {
        _first = first;
        _middle = middle;
        _last = last;
    }

    /// <summary>How many bytes they have.</summary>
    public int Size => _first.Length + _middle.Length + _last.Length;

    /// <summary>Encodes labels.</summary>
    /// <param name="labels">The labels.</param>
    /// <param name="field">The number of the field that they are of, 1 to 15.</param>
    public static EncodedLabels Of(IReadOnlyList<Label> labels, int field)
    {
        ArgumentNullException.ThrowIfNull(labels);
        LabelWriter writer = LabelWriter.OfThread;
        for (int i = 0; i < labels.Count; i++)
        {
            writer.Add(field, labels[i].Key, labels[i].Value, labels[i].Source);
        }

        return new(writer.Take());
    }

    /// <summary>Encodes a set as one field.</summary>
    /// <param name="set">The set.</param>
    /// <param name="field">The number of the field, 1 to 15.</param>
    public static EncodedLabels Of(LabelSet set, int field)
    {
        ArgumentNullException.ThrowIfNull(set);
        LabelWriter writer = LabelWriter.OfThread;
        foreach ((string key, string value) in set.Labels)
        {
            writer.Add(Labels.Labels_FieldNumber, key, value);
        }

        foreach (string key in set.RequiredKeys)
        {
            writer.Add(Labels.RequiredKeysFieldNumber, key);
        }

        return new(writer.TakeAs(field));
    }

    /// <summary>Encodes a label between others.</summary>
    /// <param name="first">Those before it, in one piece.</param>
    /// <param name="key">Its key.</param>
    /// <param name="value">Its value.</param>
    /// <param name="source">Its source.</param>
    /// <param name="last">Those after it, in one piece.</param>
    /// <param name="field">The number of the field that they are all of, 1 to 15.</param>
    public static EncodedLabels Join(
        EncodedLabels first, string key, string value, Source source, EncodedLabels last, int field)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(last);
        LabelWriter writer = LabelWriter.OfThread;
        writer.Add(field, key, value, source);
        return new(first._first, writer.Take(), last._first);
    }

    /// <summary>Takes labels as they were received, which are checked when they are decoded, or as a <see cref="LabelWriter"/> has
    /// written them.</summary>
    /// <param name="bytes">Each with its tag and its length; not copied.</param>
    public static EncodedLabels Received(ReadOnlyMemory<byte> bytes) => new(bytes);

    /// <summary>Writes them.</summary>
    /// <param name="to">At least <see cref="Size"/> bytes.</param>
    public void CopyTo(Span<byte> to)
    {
        _first.Span.CopyTo(to);
        _middle.Span.CopyTo(to[_first.Length..]);
        _last.Span.CopyTo(to[(_first.Length + _middle.Length)..]);
    }

    /// <summary>The value of a key, of received labels, without decoding the others; null: there is none.</summary>
    /// <exception cref="InvalidOperationException">They were not received.</exception>
    public string? Find(string key)
    {
        ArgumentNullException.ThrowIfNull(key);
        Span<byte> wanted = stackalloc byte[LabelRules.MaxKeyBytes];
        if (!Encoding.UTF8.TryGetBytes(key, wanted, out int count) || Whole.IndexOf(wanted[..count]) < 0)
        {
            // Mostly so: then nothing needs to be read.
            return null;
        }

        for (var labels = new FieldReader(Whole); labels.Next();)
        {
            var parts = new LabelParts(labels.Body);
            if (parts.Key.SequenceEqual(wanted[..count]))
            {
                return Encoding.UTF8.GetString(parts.Value);
            }
        }

        return null;
    }

    /// <summary>The same labels with another value for a key, of which there is one.</summary>
    /// <exception cref="InvalidOperationException">They are not in one piece, or the key is not among them.</exception>
    public EncodedLabels With(string key, string value)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        Span<byte> wanted = stackalloc byte[LabelRules.MaxKeyBytes];
        wanted = wanted[..Encoding.UTF8.GetBytes(key, wanted)];
        for (var labels = new FieldReader(Whole); labels.Next();)
        {
            // Of a set, required keys follow the labels.
            var parts = new LabelParts(labels.Body);
            if (labels.Tag == Whole[0] && parts.Key.SequenceEqual(wanted))
            {
                LabelWriter writer = LabelWriter.OfThread;
                writer.Add(Whole[..labels.Start]);
                writer.Add(labels.Tag >> 3, key, value, parts.Source);
                writer.Add(Whole[labels.End..]);
                return new(writer.Take());
            }
        }

        throw new InvalidOperationException("no label with this key");
    }

    // Of a set that is encoded as one field: see LabelSet.Encode.
    internal EncodedLabels With(ReadOnlySpan<KeyValuePair<string, string>> values)
    {
        var set = new FieldReader(Whole);
        set.Next();
        EncodedLabels labels = new(_first[set.BodyStart..set.End]);
        foreach ((string key, string value) in values)
        {
            labels = labels.With(key, value);
        }

        LabelWriter writer = LabelWriter.OfThread;
        writer.Add(labels.Whole);
        return new(writer.TakeAs(set.Tag >> 3));
    }

    /// <summary>Decodes them.</summary>
    /// <exception cref="InvalidProtocolBufferException">They are malformed.</exception>
    public RepeatedField<Label> ToLabels()
    {
        byte[] bytes = new byte[Size];
        CopyTo(bytes);
        var labels = new RepeatedField<Label>();
        using var input = new CodedInputStream(bytes);
        while (input.ReadTag() != 0)
        {
            var label = new Label();
            input.ReadMessage(label);
            labels.Add(label);
        }

        return labels;
    }

    private ReadOnlySpan<byte> Whole => _middle.Length + _last.Length == 0
        ? _first.Span
        : throw new InvalidOperationException("these labels are not in one piece");

    /// <summary>The fields of one label.</summary>
    private readonly ref struct LabelParts
    {
        public LabelParts(ReadOnlySpan<byte> label)
        {
            for (var parts = new FieldReader(label); parts.Next();)
            {
                if (parts.Tag == FieldReader.Block(Label.KeyFieldNumber))
                {
                    Key = parts.Body;
                }
                else if (parts.Tag == FieldReader.Block(Label.ValueFieldNumber))
                {
                    Value = parts.Body;
                }
                else if (parts.Tag == FieldReader.Number(Label.SourceFieldNumber))
                {
                    Source = (Source)parts.Value;
                }
            }
        }

        public ReadOnlySpan<byte> Key { get; }

        public ReadOnlySpan<byte> Value { get; }

        public Source Source { get; }
    }
}
