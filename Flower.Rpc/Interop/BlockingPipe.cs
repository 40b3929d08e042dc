// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>A pipe of which a program gets one end. Owns both.</summary>
public sealed unsafe class BlockingPipe : IDisposable
{
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

    /// <inheritdoc/>
    public void Dispose()
    {
        ReadEnd.Dispose();
        WriteEnd.Dispose();
    }
}
