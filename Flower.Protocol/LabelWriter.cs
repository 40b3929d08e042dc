// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using System.Text;
using Flower.Protocol.V1;

namespace Flower.Protocol;

/// <summary>
/// Encodes labels one after another, as a message has them: several times as fast as the generated code, which measures each
/// text again and again. Not thread-safe.
/// </summary>
public sealed class LabelWriter
{
    // What a label has besides the bytes of its texts: at most so many while its lengths have one byte each.
    private const int Around = 8;

    private const int MostBytesAChar = 3;

    [ThreadStatic]
    private static LabelWriter? _ofThread;

    private byte[] _bytes = new byte[1024];
    private int _count;

    /// <summary>One for this thread, empty. Whoever has it takes what he has added before anybody else asks for it.</summary>
    public static LabelWriter OfThread
    {
        get
        {
            LabelWriter writer = _ofThread ??= new();
            // Whoever had it before may have failed.
            writer._count = 0;
            return writer;
        }
    }

    /// <summary>Adds a label.</summary>
    /// <param name="field">The number of the field that it is of, 1 to 15.</param>
    /// <param name="key">Its key.</param>
    /// <param name="value">Its value.</param>
    /// <param name="source">Its source; default: none is said.</param>
    public void Add(int field, string key, string value, Source source = Source.Unspecified)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(value);
        int most = ((key.Length + value.Length) * MostBytesAChar) + Around;
        bool isShort = most <= 0x7f;
        int body = isShort ? 0 : Size(key) + Size(value) + (source == 0 ? 0 : 2);
        Head(field, body, isShort ? most : body);
        int begin = _count;
        Text(Label.KeyFieldNumber, key, isShort);
        Text(Label.ValueFieldNumber, value, isShort);
        if (source != 0)
        {
            _bytes[_count++] = (byte)FieldReader.Number(Label.SourceFieldNumber);
            _bytes[_count++] = (byte)source;
        }

        if (isShort)
        {
            _bytes[begin - 1] = (byte)(_count - begin);
        }
    }

    /// <summary>Adds a text, such as a required key.</summary>
    /// <param name="field">The number of the field that it is of, 1 to 15.</param>
    /// <param name="text">The text, which is not empty.</param>
    public void Add(int field, string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        Room(Size(text));
        Text(field, text, isShort: false);
    }

    /// <summary>Adds what is encoded already.</summary>
    /// <param name="encoded">Labels, each with its tag and its length.</param>
    public void Add(ReadOnlySpan<byte> encoded)
    {
        Room(encoded.Length);
        encoded.CopyTo(_bytes.AsSpan(_count));
        _count += encoded.Length;
    }

    /// <summary>What was added, of which nothing is kept.</summary>
    public byte[] Take()
    {
        byte[] taken = _bytes.AsSpan(0, _count).ToArray();
        _count = 0;
        return taken;
    }

    /// <summary>What was added, as one field, of which nothing is kept.</summary>
    /// <param name="field">The number of the field, 1 to 15.</param>
    public byte[] TakeAs(int field)
    {
        int head = 1 + Varint.Size((uint)_count);
        byte[] taken = GC.AllocateUninitializedArray<byte>(head + _count);
        taken[0] = (byte)FieldReader.Block(field);
        Varint.Write(taken.AsSpan(1), (uint)_count);
        _bytes.AsSpan(0, _count).CopyTo(taken.AsSpan(head));
        _count = 0;
        return taken;
    }

    // With its tag and its length. An empty one is not written.
    private static int Size(string text)
    {
        int bytes = Encoding.UTF8.GetByteCount(text);
        return bytes == 0 ? 0 : 1 + Varint.Size((uint)bytes) + bytes;
    }

    private void Head(int field, int size, int room)
    {
        Room(1 + Varint.MaxBytes + room);
        _bytes[_count++] = (byte)FieldReader.Block(field);
        _count += Varint.Write(_bytes.AsSpan(_count), (uint)size);
    }

    // There is room.
    private void Text(int field, string text, bool isShort)
    {
        if (text.Length == 0)
        {
            return;
        }

        _bytes[_count++] = (byte)FieldReader.Block(field);
        if (isShort)
        {
            int bytes = Write(text, _bytes.AsSpan(_count + 1));
            _bytes[_count] = (byte)bytes;
            _count += 1 + bytes;
        }
        else
        {
            _count += Varint.Write(_bytes.AsSpan(_count), (uint)Encoding.UTF8.GetByteCount(text));
            _count += Encoding.UTF8.GetBytes(text, _bytes.AsSpan(_count));
        }
    }

    // Mostly it is ASCII.
    private static int Write(string text, Span<byte> to) =>
        Ascii.FromUtf16(text, to, out int bytes) == OperationStatus.Done ? bytes : Encoding.UTF8.GetBytes(text, to);

    private void Room(int bytes)
    {
        if (_bytes.Length - _count < bytes)
        {
            Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _count + bytes));
        }
    }
}
