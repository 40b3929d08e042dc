// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions;

/// <summary>Where the targets of one request come from, one after another. On the loop.</summary>
internal interface ITargetSource
{
    /// <summary>
    /// More than one may be tried: a pushed socket is then sent to one that has accepted, never before, since it could not
    /// go on to the next one.
    /// </summary>
    bool TriesOthers { get; }

    /// <summary>What comes next may be tried beside what has not answered: both are what one name stands for.</summary>
    bool MayRace { get; }

    /// <summary>The next target that is tried; null: there is no other, of which there was at least one.</summary>
    /// <param name="client">Cancelled when the client has gone.</param>
    /// <exception cref="Grpc.Core.RpcException">There is none at all, or it cannot be said which: why.</exception>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    ValueTask<Candidate?> NextAsync(CancellationToken client);

    /// <summary>Whether another target is tried after one did not take the connection.</summary>
    bool GoesOn(OfferOutcome outcome);
}
