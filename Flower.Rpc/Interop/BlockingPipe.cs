// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>A pipe of which a program gets one end. Owns both.</summary>
public sealed unsafe class BlockingPipe : IDisposable
{
    private const int MaxBytes = 65536;

    private BlockingPipe(Descriptor readEnd, Descriptor writeEnd)
    {
        ReadEnd = readEnd;
        WriteEnd = writeEnd;
    }

    /// <summary>Where the bytes come out.</summary>
    public Descriptor ReadEnd { get; }

    /// <summary>Where they go in; at least 4,096 fit without a reader (pipe(7)).</summary>
    public Descriptor WriteEnd { get; }

    /// <summary>Makes a pipe.</summary>
    /// <exception cref="FlowerSocketException">EMFILE or ENFILE.</exception>
    public static BlockingPipe Create()
    {
        int* ends = stackalloc int[2];
        if (Native.Pipe2(ends, Native.OCloExec) != 0)
        {
            throw FlowerSocketException.Last("make a pipe");
        }

        var readEnd = Descriptor.Adopt(ends[0]);
        return new(readEnd, Descriptor.Adopt(ends[1]));
    }

    /// <summary>Makes a pipe with bytes in it and then the end; its write end is closed.</summary>
    /// <param name="bytes">At most 64 KiB, which is what fits (pipe(7)).</param>
    /// <exception cref="FlowerSocketException">EMFILE or ENFILE.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There are more bytes than fit.</exception>
    public static BlockingPipe Filled(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, MaxBytes, nameof(bytes));
        BlockingPipe pipe = Create();
        StreamFile.Write(pipe.WriteEnd, bytes);
        pipe.WriteEnd.Dispose();
        return pipe;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ReadEnd.Dispose();
        WriteEnd.Dispose();
    }
}
