// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Client;

/// <content>Taps.</content>
public sealed partial class Handle
{
    /// <summary>
    /// Taps connections that are made from now on: whoever enumerates them relays between their sides. Those whose labels, of
    /// both sides and attested, do not contradict the given ones, state the keys that these require, and share at least one.
    /// Both sides see the label flower.tapped=true.
    /// </summary>
    /// <param name="labels">Which connections, at least one label; <c>+flower.connection_id</c> means all.</param>
    /// <param name="options">How; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up beginning.</param>
    /// <exception cref="FlowerException">The handle lacks the right TAP, or labels contradict the handle's own.</exception>
    public Task<Tap> TapAsync(LabelSet labels, TapOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return Tap.StartAsync(_keeper, labels.ToMessage(), options ?? new(), cancellationToken);
    }
}
