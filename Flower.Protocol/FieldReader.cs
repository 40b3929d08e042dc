// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Protocol;

/// <summary>
/// The fields of a message, one after another, as far as they are of the kind that Flower's own are: a number up to 15, and a
/// varint of 32 bits or a length. What has others is for the generated parser, which also says what is wrong with it.
/// </summary>
/// <param name="bytes">The message.</param>
public ref struct FieldReader(ReadOnlySpan<byte> bytes)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _at;

    /// <summary>The field's tag: its number and its wire type.</summary>
    public int Tag { get; private set; }

    /// <summary>Of a varint: its value. Of what has a length: that.</summary>
    public uint Value { get; private set; }

    /// <summary>Where the field begins, with its tag.</summary>
    public int Start { get; private set; }

    /// <summary>Where what has a length begins.</summary>
    public readonly int BodyStart => End - (int)Value;

    /// <summary>Where the field ends.</summary>
    public readonly int End => _at;

    /// <summary>What has a length; of a varint, nothing.</summary>
    public readonly ReadOnlySpan<byte> Body => (Tag & 7) == 2 ? _bytes[BodyStart..End] : default;

    /// <summary>Whether everything was read.</summary>
    public readonly bool IsAtEnd => _at == _bytes.Length;

    /// <summary>The tag of a field that is a varint.</summary>
    public static int Number(int field) => field << 3;

    /// <summary>The tag of a field that has a length.</summary>
    public static int Block(int field) => (field << 3) | 2;

    /// <summary>Goes on behind what is known already.</summary>
    /// <param name="bytes">From here, at most as many as there are.</param>
    public void Skip(int bytes) => _at += bytes;

    /// <summary>Reads the next field. False: there is none, or none of that kind; see <see cref="IsAtEnd"/>.</summary>
    public bool Next()
    {
        int at = _at;
        if (at + 1 >= _bytes.Length)
        {
            return false;
        }

        int tag = _bytes[at];
        uint value = _bytes[at + 1];
        int count = value <= 0x7f ? 1 : Varint.Read(_bytes[(at + 1)..], out value);
        if (tag is < 8 or > 0x7f || (tag & 7) is not (0 or 2) || count == 0)
        {
            return false;
        }

        int end = at + 1 + count;
        if ((tag & 7) == 2)
        {
            if (value > _bytes.Length - end)
            {
                return false;
            }

            end += (int)value;
        }

        Tag = tag;
        Value = value;
        Start = at;
        _at = end;
        return true;
    }
}
