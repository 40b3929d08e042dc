// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Text;
using Flower.Client;
using Flower.Protocol;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A switchboard whose log nobody reads.</summary>
[Category("EndToEnd")]
public sealed class UnreadLogTests
{
    [Test]
    public async Task StandardError_NobodyReads_BoardGoesOnAndSaysHowMuchIsMissing()
    {
        string folder = Directory.CreateTempSubdirectory("flower-").FullName;
        string socket = Path.Combine(folder, "switchboard.sock");
        var start = new ProcessStartInfo(Programs.Flower, ["switchboard", "--listen", socket]) { RedirectStandardError = true };
        start.Environment.Remove("NOTIFY_SOCKET");
        using Process daemon = Process.Start(start)!;
        try
        {
            Assert.That(await Patience.UntilAsync(() => Task.FromResult(File.Exists(socket))), Is.True);
            await using Handle handle = await Handle.OpenAsync("unix:" + socket).Within();

            // A line when it is registered and one when it is gone: more than the pipe and the queue hold.
            LabelSet labels = LabelSet.ParseWords([$"filler={new string('x', 300)}"]);
            for (int i = 0; i < 2_000; i++)
            {
                await using Listener listener = await handle.ListenAsync(labels).Within();
            }

            var log = new StringBuilder();
            Task reading = Task.Run(async () =>
            {
                char[] buffer = new char[4096];
                for (int count; (count = await daemon.StandardError.ReadAsync(buffer)) > 0;)
                {
                    lock (log)
                    {
                        log.Append(buffer, 0, count);
                    }
                }
            });

            // How much is missing is said before the next line that finds room.
            Assert.That(
                await Patience.UntilAsync(async () =>
                {
                    await using Listener listener = await handle.ListenAsync(labels).Within();
                    lock (log)
                    {
                        return log.ToString().Contains("message(s) dropped because of queue size limit", StringComparison.Ordinal);
                    }
                }),
                Is.True, "it was not said how much is missing");
            _ = Syscall.kill(daemon.Id, Signum.SIGTERM);
            await daemon.WaitForExitAsync().Within();
            await reading.Within();
            Assert.That(daemon.ExitCode, Is.Zero);
        }
        finally
        {
            if (!daemon.HasExited)
            {
                daemon.Kill();
            }

            Directory.Delete(folder, recursive: true);
        }
    }
}
