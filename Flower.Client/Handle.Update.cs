// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <content>What an operator sets of targets.</content>
public sealed partial class Handle
{
    /// <summary>
    /// Sets how much servers and egresses take, or whether they take new connections, whatever they say themselves; until
    /// they end, or it is reset. For the targets that this handle could end by <see cref="RevokeAsync"/>, and those that were
    /// registered through this very object.
    /// </summary>
    /// <param name="labels">Those that do not contradict these labels, as <see cref="ListAsync"/> gives them.</param>
    /// <param name="weight">0 to 65,535; null: it is left as it is.</param>
    /// <param name="draining">Whether they take no new connections; null: it is left as it is.</param>
    /// <param name="reset">What was set before is forgotten: what they say themselves holds again.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many.</returns>
    /// <exception cref="FlowerException">NOT_FOUND: none of these matches.</exception>
    public async Task<int> UpdateTargetsAsync(
        LabelSet labels,
        int? weight = null,
        bool? draining = null,
        bool reset = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var update = new TargetUpdate();
        if (TargetState.Check(weight) is int taken)
        {
            update.Weight = (uint)taken;
        }

        if (draining is bool drains)
        {
            update.Draining = drains;
        }

        UpdateTargetsResponse response = await CallAsync(
            static (stub, request, options) => stub.UpdateTargetsAsync(request, options),
            new UpdateTargetsRequest { Labels = labels.ToMessage(), Update = update, Reset = reset },
            null,
            cancellationToken).ConfigureAwait(false);
        return (int)response.Targets;
    }
}
