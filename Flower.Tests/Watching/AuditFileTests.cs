// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Rpc.Interop;
using Flower.Switchboard.Watching;
using Microsoft.Win32.SafeHandles;
using Mono.Unix.Native;
using NUnit.Framework;
using Errno = Flower.Rpc.Interop.Errno;

namespace Flower.Tests.Watching;

/// <summary>A pipe whose reader never catches up.</summary>
internal sealed class AuditFileTests
{
    [Test]
    public void Flush_ReaderIsAlwaysBehind_WhatIsWrittenIsForgottenAndNothingIsLost()
    {
        const int rounds = 200;
        const int linesARound = 64;
        string folder = Directory.CreateTempSubdirectory("flower-").FullName;
        string path = Path.Combine(folder, "audit");
        Assert.That(Syscall.mkfifo(path, (FilePermissions)0x180), Is.Zero);
        using var reader = new SafeFileHandle(Syscall.open(path, OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK), ownsHandle: true);
        using var read = new MemoryStream();
        using (var file = new AuditFile(path))
        {
            long most = 0;
            int number = 0;
            byte[] buffer = new byte[linesARound * 64];

            // More than a pipe takes, so that something is always left.
            Add(256 * 1024 / 64);
            for (int round = 0; round < rounds; round++)
            {
                Assert.That(file.Flush(), Is.EqualTo(Errno.Again));
                Assert.That(file.Pending, Is.Positive);
                most = Math.Max(most, file.Lines.Length);
                int count = StreamFile.Read(reader, buffer);
                read.Write(buffer, 0, count);
                Add(count / 64);
            }

            Assert.That(most, Is.LessThan(512 * 1024), "what is written is kept");
            while (file.Pending > 0)
            {
                _ = file.Flush();
                read.Write(buffer, 0, Math.Max(0, StreamFile.Read(reader, buffer)));
            }

            for (int count; (count = StreamFile.Read(reader, buffer)) > 0;)
            {
                read.Write(buffer, 0, count);
            }

            string[] lines = Encoding.ASCII.GetString(read.ToArray()).Split('\n')[..^1];
            Assert.That(lines, Is.EqualTo(Enumerable.Range(0, number).Select(Line)));

            void Add(int lines)
            {
                for (int i = 0; i < lines; i++)
                {
                    file.Lines.Write(Encoding.ASCII.GetBytes(Line(number++) + "\n"));
                }
            }
        }

        Directory.Delete(folder, true);
    }

    // 64 bytes with its end.
    private static string Line(int number) => $"{number:d63}";
}
