// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using System.Text;

namespace Flower.Rpc.Interop;

/// <summary>
/// Strings as C has them: UTF-8, each with a NUL at its end, and a NULL after the last. Owns their memory.
/// </summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private void* _memory;

    /// <exception cref="ArgumentException">A string has a NUL in it, and would end there.</exception>
    internal NativeStrings(IReadOnlyCollection<string> strings)
    {
        nuint bytes = 0;
        foreach (string text in strings)
        {
            if (text.Contains('\0', StringComparison.Ordinal))
            {
                throw new ArgumentException("a string for a program must not contain NUL", nameof(strings));
            }

            bytes += (nuint)Encoding.UTF8.GetByteCount(text) + 1;
        }

        nuint pointers = (nuint)(strings.Count + 1) * (nuint)sizeof(byte*);
        _memory = NativeMemory.Alloc(pointers + bytes);
        byte** slot = Pointers;
        byte* at = (byte*)_memory + pointers;
        foreach (string text in strings)
        {
            *slot++ = at;
            at += Encoding.UTF8.GetBytes(text, new Span<byte>(at, Encoding.UTF8.GetByteCount(text)));
            *at++ = 0;
        }

        *slot = null;
    }

    internal byte** Pointers => (byte**)_memory;

    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
    }
}
