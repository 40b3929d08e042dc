// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>Where offers are answered. For any thread.</summary>
internal interface IAnswerStream
{
    /// <summary>
    /// Sends an answer, whose descriptor is taken in any case. Where the epoch of the offer is over, the offer is void,
    /// and its number may be another one's by now: then nothing is sent.
    /// </summary>
    /// <exception cref="FlowerException">The registration has ended, or the offer is void.</exception>
    Task AnswerAsync(Answer answer, int epoch, CancellationToken cancellationToken);
}
