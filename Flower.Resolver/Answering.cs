// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Resolver;

/// <summary>Registers a resolver and answers its questions, many at once, until it is told to stop.</summary>
internal static class Answering
{
    private const string Name = "flower resolver";

    /// <summary>Runs.</summary>
    /// <param name="handle">What it is registered over.</param>
    /// <param name="labels">What was given on the command line.</param>
    /// <param name="key">The key that is translated.</param>
    /// <param name="more">Keys that are translated beside it, if they are stated.</param>
    /// <param name="names">Knows the answers.</param>
    /// <param name="signals">The first one ends it: the board asks others from then on.</param>
    /// <exception cref="FlowerException">The registration ended.</exception>
    public static async Task<int> RunAsync(
        Handle handle, LabelSet labels, string key, IReadOnlyList<string> more, INames names, StopSignals signals)
    {
        labels = LabelSet.Create(labels.Labels, labels.RequiredKeys.Union([key], StringComparer.Ordinal));
        await using Client.Resolver resolver = await handle.StartResolverAsync(labels, more, signals.Stop);
        Tool.Say(Name, $"registered {labels}");
        Notifier.Ready();
        await foreach (ResolverQuestion question in resolver.WithCancellation(signals.Stop))
        {
            // Owned by the board, which bounds how many there are: each ends with its answer, or with the registration.
            _ = AnswerAsync(question, names);
        }

        return ExitCodes.Ok;
    }

    // Never faults.
    private static async Task AnswerAsync(ResolverQuestion question, INames names)
    {
        try
        {
            try
            {
                NameAnswer answer = await names.ResolveAsync(question.Labels, question.Cancelled);
                await question.AnswerAsync(answer.Targets, answer.TimeToLive, CancellationToken.None);
            }
            catch (NameException e)
            {
                Tool.Say(Name, $"{question.Labels}: {e.Message}");
                await question.FailAsync(e.Message, CancellationToken.None);
            }
        }
        catch (Exception e) when (e is FlowerException or OperationCanceledException)
        {
            // Nobody waits, or the registration has ended.
        }
        catch (Exception e)
        {
            // A question must not end the others; whoever asked is told when it is disposed.
            Tool.Say(Name, $"{question.Labels}: {e.Message}");
            await question.DisposeAsync();
        }
    }
}
