// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions;

/// <summary>Waits for a target's answer to an offer without a task. On the loop.</summary>
internal interface IOfferWaiter
{
    /// <summary>
    /// The target has answered, or has gone. Comes once at most, from within what the target said; what it throws would be
    /// taken for the target's fault.
    /// </summary>
    void OnAnswered(OfferOutcome outcome);
}
