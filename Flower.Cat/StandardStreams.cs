// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Win32.SafeHandles;

namespace Flower.Cat;

/// <summary>Standard input and output as plain read(2) and write(2).</summary>
internal static class StandardStreams
{
    /// <summary>Standard input.</summary>
    public static Stream Input() => Open(0, FileAccess.Read) ?? Console.OpenStandardInput();

    /// <summary>Standard output.</summary>
    public static Stream Output() => Open(1, FileAccess.Write) ?? Console.OpenStandardOutput();

    // A pipe or a terminal as a FileStream: the console's own stream would hide EPIPE, and edit lines. A file as the
    // console's stream: a FileStream would keep an offset of its own, where the shell's commands share one.
    private static FileStream? Open(int number, FileAccess access)
    {
        var stream = new FileStream(new SafeFileHandle(number, ownsHandle: false), access, bufferSize: 0);
        if (!stream.CanSeek)
        {
            return stream;
        }

        stream.Dispose();
        return null;
    }
}
