// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Cat;

/// <summary>Bytes that one thread has moved, and that any other may read.</summary>
internal sealed class ByteCount
{
    private long _total;

    public long Total => Volatile.Read(ref _total);

    /// <summary>By the one thread only.</summary>
    public void Add(int bytes) => Volatile.Write(ref _total, _total + bytes);
}
