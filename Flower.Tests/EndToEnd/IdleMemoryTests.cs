// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>What a switchboard that nobody asks anything holds of its own program.</summary>
internal sealed class IdleMemoryTests : EndToEndTest
{
    [Test]
    public async Task Switchboard_AfterItsStart_LetsGoOfWhatOnlyItsStartRead()
    {
        if (Environment.GetEnvironmentVariable("FLOWER_BINARY") is not { Length: > 0 } program)
        {
            Assert.Ignore("only the program as it is published has its code in a file: FLOWER_BINARY names it");
            return;
        }

        (long size, long resident) = (0, 0);
        bool letGo = await Patience.UntilAsync(() =>
        {
            (size, resident) = CodeOf(Board.Daemon.Id, Path.GetFullPath(program));
            return Task.FromResult(resident < size / 2);
        });

        Assert.That(size, Is.GreaterThan(0));
        Assert.That(letGo, Is.True, $"{resident} of {size} kB are in memory");
        Assert.That(await Board.Flower("ls").ExitAsync(), Is.Zero, "and it goes on with the rest");
    }

    // Of the mapping of the program that is executed, as proc_pid_smaps(5) has it, in kB.
    private static (long Size, long Resident) CodeOf(int pid, string program)
    {
        (long size, long resident) = (0, 0);
        bool isCode = false;
        foreach (string line in File.ReadLines($"/proc/{pid}/smaps"))
        {
            if (char.IsAsciiHexDigitLower(line[0]))
            {
                isCode = line.Contains(" r-xp ", StringComparison.Ordinal) && line.EndsWith(program, StringComparison.Ordinal);
            }
            else if (isCode && line.StartsWith("Size:", StringComparison.Ordinal))
            {
                size += Kilobytes(line);
            }
            else if (isCode && line.StartsWith("Rss:", StringComparison.Ordinal))
            {
                resident += Kilobytes(line);
            }
        }

        return (size, resident);
    }

    private static long Kilobytes(string line) => long.Parse(
        line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..^2].Trim(), CultureInfo.InvariantCulture);
}
