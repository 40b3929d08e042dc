// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>Where an offer came from, and where alone it can be answered.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Epoch">How often it had survived a restart by then.</param>
internal readonly record struct OfferOrigin(IAnswerStream Stream, int Epoch)
{
    /// <summary>Sends an answer: see <see cref="IAnswerStream.AnswerAsync"/>.</summary>
    public Task AnswerAsync(Answer answer, CancellationToken cancellationToken) =>
        Stream.AnswerAsync(answer, Epoch, cancellationToken);
}
