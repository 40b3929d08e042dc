// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;

namespace Flower.Ingress.Peek;

/// <summary>
/// Reads what TLS is made of: big-endian numbers and vectors with their length before them (RFC 8446 §3.4). False: the
/// bytes end too early, and nothing was read.
/// </summary>
internal ref struct Vectors(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    internal readonly bool IsAtEnd => _rest.IsEmpty;

    internal bool TrySkip(int count)
    {
        if (_rest.Length < count)
        {
            return false;
        }

        _rest = _rest[count..];
        return true;
    }

    internal bool TryByte(out byte value)
    {
        value = _rest.IsEmpty ? (byte)0 : _rest[0];
        return TrySkip(1);
    }

    internal bool TryUInt16(out ushort value) =>
        BinaryPrimitives.TryReadUInt16BigEndian(_rest, out value) && TrySkip(2);

    /// <summary>A vector of up to 255 bytes.</summary>
    internal bool TryShort(out ReadOnlySpan<byte> vector) => TryVector(1, _rest.IsEmpty ? 0 : _rest[0], out vector);

    /// <summary>A vector of up to 65,535 bytes.</summary>
    internal bool TryLong(out ReadOnlySpan<byte> vector) => TryVector(
        2, BinaryPrimitives.TryReadUInt16BigEndian(_rest, out ushort length) ? length : 0, out vector);

    private bool TryVector(int prefix, int length, out ReadOnlySpan<byte> vector)
    {
        if (_rest.Length < prefix + length)
        {
            vector = default;
            return false;
        }

        vector = _rest.Slice(prefix, length);
        _rest = _rest[(prefix + length)..];
        return true;
    }
}
