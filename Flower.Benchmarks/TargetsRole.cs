// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Globalization;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Benchmarks;

/// <summary>A process that registers many servers which nobody asks for.</summary>
internal sealed class TargetsRole : Command
{
    // Registrations of one session, and how many are under way at once.
    private const int EachSession = 500;

    private readonly Argument<string> _socket = new("socket");
    private readonly Argument<int> _count = new("count");

    public TargetsRole()
        : base("targets", "Servers that nobody asks for, for the other commands.")
    {
        Hidden = true;
        Add(_socket);
        Add(_count);
        this.SetRun(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult command, CancellationToken cancellationToken)
    {
        int count = command.GetValue(_count);
        for (int from = 0; from < count; from += EachSession)
        {
            Handle handle = await Handle.OpenAsync(command.GetValue(_socket), cancellationToken: cancellationToken);
            await Task.WhenAll(Enumerable.Range(from, Math.Min(EachSession, count - from)).Select(i => handle.ListenAsync(
                LabelSet.Create(("program", "other"), ("instance", i.ToString(CultureInfo.InvariantCulture))),
                null,
                cancellationToken)));
        }

        Console.WriteLine("ready");
        await Task.Delay(Timeout.Infinite, cancellationToken);
        return ExitCodes.Ok;
    }
}
