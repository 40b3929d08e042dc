// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// The registered targets that match a request: the one that does so best, or as many as it wants to try of several that
/// do so equally well. What was tried counts as not registered, so that the next best ones come after the best.
/// </summary>
/// <param name="board">Where they are registered.</param>
/// <param name="wish">The request.</param>
/// <param name="place">Its place among those who wait.</param>
/// <param name="balance">How one of several is picked.</param>
/// <param name="maxTries">The most that are tried: 1, unless one of several is picked.</param>
/// <param name="wait">Whether it waits for one.</param>
internal sealed class MatchingTargets(
    Board board, Request wish, long place, Balance balance, int maxTries, bool wait) : ITargetSource
{
    private const int DefaultTries = 3;
    private const int MostTries = 16;

    private readonly List<Target> _tried = [];

    /// <inheritdoc/>
    public bool TriesOthers => maxTries > 1;

    /// <inheritdoc/>
    public bool MayRace => false;

    /// <summary>How many targets a request wants to try.</summary>
    /// <exception cref="Grpc.Core.RpcException">It does not make sense.</exception>
    public static int CheckTries(Balance balance, uint maxTries) =>
        !Enum.IsDefined(balance) ? throw Refusal.Invalid("a way to balance that this switchboard does not know", [])
        : maxTries > MostTries ? throw Refusal.Invalid($"at most {MostTries} targets are tried", [])
        : balance == Balance.None ? 1
        : maxTries == 0 ? DefaultTries
        : (int)maxTries;

    /// <inheritdoc/>
    public async ValueTask<Candidate?> NextAsync(CancellationToken client)
    {
        if (_tried.Count >= maxTries)
        {
            return null;
        }

        Target? next = balance == Balance.None
            ? await board.FindAsync(wish, place, wait, client)
            : await board.PickAsync(wish, place, balance, wait, _tried, client);
        if (next is null)
        {
            return null;
        }

        _tried.Add(next);
        return new(wish, next);
    }

    /// <inheritdoc/>
    public bool GoesOn(OfferOutcome outcome) =>
        TriesOthers && outcome is not OfferOutcome.Rejected { IsOverloaded: false };
}
