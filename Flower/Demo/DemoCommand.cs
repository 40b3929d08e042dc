// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using Flower.CommandLine;

namespace Flower.Demo;

/// <summary><c>flower demo</c>: the main job, shown on real sockets in a temporary directory.</summary>
internal sealed class DemoCommand : Command
{
    public DemoCommand()
        : base(
            "demo",
            "Shows what Flower does: starts a switchboard, a web server that listens on it, an ingress and an egress in a\n"
            + "temporary directory, uses them all, and says what happened. Exits 0 only if all of it held.\n"
            + "Example: flower demo") => this.SetRun(RunAsync);

    private static async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("flower-demo-");
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(TimeSpan.FromMinutes(2));
            await using var show = new Show(directory.FullName);
            await show.RunAsync(patience.Token);
            Console.WriteLine("\nAll of it held.");
            return ExitCodes.Ok;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }
}
