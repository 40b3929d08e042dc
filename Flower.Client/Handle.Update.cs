// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <content>What an operator sets of targets.</content>
public sealed partial class Handle
{
    /// <summary>
    /// Sets how much servers and egresses take, or whether they take new connections, whatever they say themselves; until
    /// they end, or <see cref="ResetTargetsAsync"/>. For the targets that this handle could end by <see cref="RevokeAsync"/>, and those that were
    /// registered through this very object.
    /// </summary>
    /// <param name="labels">Those that have all of these labels, of what <see cref="ListAsync"/> gives.</param>
    /// <param name="weight">0 to 65,535; null: it is left as it is.</param>
    /// <param name="draining">Whether they take no new connections; null: it is left as it is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many.</returns>
    /// <exception cref="FlowerException">NOT_FOUND: none of these matches.</exception>
    public async Task<int> UpdateTargetsAsync(
        LabelSet labels,
        int? weight = null,
        bool? draining = null,
        CancellationToken cancellationToken = default)
    {
        var update = new TargetUpdate();
        if (TargetState.Check(weight) is int taken)
        {
            update.Weight = (uint)taken;
        }

        if (draining is bool drains)
        {
            update.Draining = drains;
        }

        return await UpdateAsync(labels, update, reset: false, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Forgets what <see cref="UpdateTargetsAsync"/> set: what the targets say themselves holds again. For the same targets.
    /// </summary>
    /// <param name="labels">Those that have all of these labels.</param>
    /// <param name="weight">The weight is forgotten. Default: true.</param>
    /// <param name="draining">Whether they take new connections is forgotten. Default: true.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many there are.</returns>
    /// <exception cref="FlowerException">NOT_FOUND: none of these matches.</exception>
    public async Task<int> ResetTargetsAsync(
        LabelSet labels, bool weight = true, bool draining = true, CancellationToken cancellationToken = default)
    {
        var update = new TargetUpdate();
        if (weight)
        {
            update.Weight = 0;
        }

        if (draining)
        {
            update.Draining = false;
        }

        return await UpdateAsync(labels, update, reset: true, cancellationToken).ConfigureAwait(false);
    }

    private async Task<int> UpdateAsync(
        LabelSet labels, TargetUpdate update, bool reset, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(labels);
        UpdateTargetsResponse response = await CallAsync(
            static (session, onLoop, request, options) => session.Stub(onLoop).UpdateTargetsAsync(request, options),
            new UpdateTargetsRequest { Labels = labels.ToMessage(), Update = update, Reset = reset },
            default,
            cancellationToken).ConfigureAwait(false);
        return (int)response.Targets;
    }
}
