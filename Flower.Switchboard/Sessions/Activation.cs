// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Rpc.Transport;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// The requests that wait for a server which an activator starts. On the loop. One offer to the activator stands for all
/// of them: it is withdrawn when none waits any more, and fails all of them when it is rejected.
/// </summary>
/// <param name="activator">Who starts it.</param>
/// <param name="deadlines">How long the requests wait, each round of them.</param>
internal sealed class Activation(Target activator, DeadlineQueue deadlines)
{
    private Round? _round;

    /// <summary>Somebody waits, and the activator was asked.</summary>
    public bool IsAsked => _round is not null;

    /// <summary>Waits until a server matches, however that is found out.</summary>
    /// <param name="request">Who waits.</param>
    /// <param name="untilServed">Waits for that, until it is cancelled.</param>
    /// <param name="caller">Cancelled when who waits has gone.</param>
    /// <exception cref="Grpc.Core.RpcException">UNAVAILABLE: there will be none.</exception>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async Task WaitAsync(Request request, Func<CancellationToken, Task> untilServed, CancellationToken caller)
    {
        Round round = _round ??= Begin(request);
        round.Waiting++;
        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(caller, round.Over.Token);
            await untilServed(either.Token);
        }
        catch (OperationCanceledException) when (round.Outcome is not null && !caller.IsCancellationRequested)
        {
            throw Refusal.NotStarted(round.Outcome, deadlines.Limit, activator);
        }
        finally
        {
            if (--round.Waiting == 0)
            {
                Leave(round);
                round.Over.Cancel();
            }
        }
    }

    private Round Begin(Request request)
    {
        var round = new Round();
        OfferAsync(round, EncodedLabels.Of(
            Provenance.ForReceiver(request.Attested.Merge(activator.Attested, out _), activator.Party, request.Party),
            JoinedLabels.ForTarget));
        return round;
    }

    private async void OfferAsync(Round round, EncodedLabels labels)
    {
        try
        {
            round.Outcome = await activator.OfferAsync(activator.Prepare(null), labels, deadlines, round.Over.Token)
                .ConfigureAwait(false);
            // Whoever comes from now on asks anew.
            Leave(round);
            round.Over.Cancel();
        }
        catch (OperationCanceledException)
        {
            // Nobody waits any more.
        }
    }

    private void Leave(Round round) => _round = ReferenceEquals(_round, round) ? null : _round;

    private sealed class Round
    {
        public int Waiting { get; set; }

        // Not disposed: it has no timer, and who is late may still look at it.
        public CancellationTokenSource Over { get; } = new();

        /// <summary>How the offer ended; null: it has not, or nobody waited any more.</summary>
        public OfferOutcome? Outcome { get; set; }
    }
}
