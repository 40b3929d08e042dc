// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <content>Names.</content>
public sealed partial class Handle
{
    /// <summary>
    /// Registers a resolver: it is asked what labels of requests stand for. It translates the keys that it requires, such as
    /// <c>+service</c>, and more of them where a request states them.
    /// </summary>
    /// <param name="labels">Requests that contradict them are not resolved, and the keys that they require must be
    /// stated.</param>
    /// <param name="keys">Keys that it translates beside those that it requires, if they are stated; null: none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">The labels are taken, or the handle does not allow it.</exception>
    public async Task<Resolver> StartResolverAsync(
        LabelSet labels, IEnumerable<string>? keys = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var start = new ResolverStart { Labels = labels.ToMessage(), Keys = { keys ?? [] } };
        return await Resolver.StartAsync(_keeper, start, cancellationToken).ConfigureAwait(false);
    }
}
