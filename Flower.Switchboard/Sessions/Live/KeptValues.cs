// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions.Live;

/// <summary>
/// The values of some labels, in memory that is used again: what connections that have ended have left is no garbage, which would
/// be old, as they are remembered for a while.
/// </summary>
internal struct KeptValues
{
    // What is larger comes seldom, and its memory is not kept for the next.
    private const int MaxKeptLabels = 8;
    private const int MaxKeptCharacters = 256;

    private (string Key, int Length)[]? _labels;
    private char[]? _text;

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>Their characters.</summary>
    public int Characters { get; private set; }

    /// <summary>Keeps these instead.</summary>
    public void Set(KeyValuePair<string, string>[] values)
    {
        int length = 0;
        foreach (KeyValuePair<string, string> value in values)
        {
            length += value.Value.Length;
        }

        Count = values.Length;
        Characters = length;
        if ((_labels?.Length ?? 0) < Count)
        {
            _labels = new (string, int)[Count];
        }

        if ((_text?.Length ?? 0) < length)
        {
            _text = new char[length];
        }

        Span<char> rest = _text;
        for (int i = 0; i < Count; i++)
        {
            (string key, string value) = values[i];
            _labels![i] = (key, value.Length);
            value.CopyTo(rest);
            rest = rest[value.Length..];
        }
    }

    /// <summary>None any more.</summary>
    public void Clear()
    {
        Count = 0;
        Characters = 0;
        if (_labels?.Length > MaxKeptLabels)
        {
            _labels = null;
        }

        if (_text?.Length > MaxKeptCharacters)
        {
            _text = null;
        }

        _labels.AsSpan().Clear();
    }

    /// <summary>All of them.</summary>
    public readonly KeyValuePair<string, string>[] ToArray()
    {
        var values = new KeyValuePair<string, string>[Count];
        ReadOnlySpan<char> rest = _text;
        for (int i = 0; i < Count; i++)
        {
            (string key, int length) = _labels![i];
            values[i] = new(key, rest[..length].ToString());
            rest = rest[length..];
        }

        return values;
    }
}
