// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Text;
using Flower.Protocol;
using Flower.Relay;

namespace Flower.Tap;

/// <summary>What of the bytes is written for people.</summary>
internal enum ShownBytes
{
    /// <summary>Nothing: how many there were.</summary>
    None,

    /// <summary>Text.</summary>
    Text,

    /// <summary>Hexadecimal digits and text, 16 bytes a line.</summary>
    Hex,
}

/// <summary>Writes lines for people, which are safe for a terminal, whatever goes through the tap. Owns the file.</summary>
internal sealed class TextSink(OutputFile file, ShownBytes shown, int snapLength) : ITapSink
{
    private const int LineBytes = 16;

    private readonly StringBuilder _text = new();

    /// <inheritdoc/>
    public bool WantsBytes => shown != ShownBytes.None;

    /// <inheritdoc/>
    public void Begin(TapEntry connection) => WriteLine(connection, "open", connection.Line);

    /// <inheritdoc/>
    public void Move(TapEntry connection, bool toTarget, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> kept = bytes[..Math.Min(bytes.Length, snapLength)];
        _text.Clear();
        AddHead(connection, toTarget ? "->" : "<-");
        _text.Append(Plural.Of(bytes.Length, "byte"));
        _text.Append(kept.Length < bytes.Length ? $", of which {kept.Length} are shown\n" : "\n");
        if (shown == ShownBytes.Hex)
        {
            AddHex(kept);
        }
        else
        {
            AddText(kept);
        }

        Flush();
    }

    /// <inheritdoc/>
    public void EndSending(TapEntry connection, bool toTarget)
    {
        if (WantsBytes)
        {
            WriteLine(connection, toTarget ? "->" : "<-", "end");
        }
    }

    /// <inheritdoc/>
    public void End(TapEntry connection, bool isReset, RelayedBytes bytes)
    {
        double seconds = (DateTime.UtcNow - connection.Since).TotalSeconds;
        WriteLine(connection, "close", string.Create(
            CultureInfo.InvariantCulture,
            $"{Plural.Of(bytes.ToOther, "byte")} to the target, {bytes.ToOne} to the client, {seconds:0.000}s{(isReset ? ", reset" : "")}"));
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private static char Printable(byte value) => value is >= 0x20 and < 0x7f ? (char)value : '.';

    private void WriteLine(TapEntry connection, string what, string words)
    {
        _text.Clear();
        AddHead(connection, what);
        _text.Append(words).Append('\n');
        Flush();
    }

    private void AddHead(TapEntry connection, string what) => _text.Append(
        CultureInfo.InvariantCulture, $"{DateTime.Now:HH:mm:ss.ffffff}  {connection.Id} {what}  ");

    private void AddText(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bool isLineEnd = bytes[i] == '\r' && i + 1 < bytes.Length && bytes[i + 1] == '\n';
            if (!isLineEnd)
            {
                _text.Append(bytes[i] is (byte)'\n' or (byte)'\t' ? (char)bytes[i] : Printable(bytes[i]));
            }
        }

        if (bytes is not [.., (byte)'\n'])
        {
            _text.Append('\n');
        }
    }

    private void AddHex(ReadOnlySpan<byte> bytes)
    {
        for (int at = 0; at < bytes.Length; at += LineBytes)
        {
            ReadOnlySpan<byte> line = bytes[at..Math.Min(at + LineBytes, bytes.Length)];
            _text.Append(CultureInfo.InvariantCulture, $"  {at:x6}  ");
            for (int i = 0; i < LineBytes; i++)
            {
                _text.Append(i < line.Length ? line[i].ToString("x2", CultureInfo.InvariantCulture) : "  ");
                _text.Append(i % 2 == 1 ? " " : "");
            }

            _text.Append(' ');
            foreach (byte value in line)
            {
                _text.Append(Printable(value));
            }

            _text.Append('\n');
        }
    }

    private void Flush() => file.Write(Encoding.UTF8.GetBytes(_text.ToString()));
}
