// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <content>Why a connect is answered as it is.</content>
public sealed partial class Handle
{
    /// <summary>
    /// What a connect with these labels would be answered at the moment, and how each target stands to it that the handle may
    /// see. Nothing is connected. Limits are not looked at, and a target may still refuse.
    /// </summary>
    /// <param name="labels">The labels of the connect.</param>
    /// <param name="options">Which connect; null: that of a client.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">The handle lacks the right LIST, or the switchboard went away.</exception>
    public async Task<Explanation> ExplainAsync(
        LabelSet labels, ExplainOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxTargets, nameof(options));
        var request = new ExplainRequest
        {
            Labels = labels.ToMessage(),
            Ingress = options.Ingress,
            Relay = options.Relay,
            RelatedOnly = options.RelatedOnly,
            Wait = options.Wait,
            Balance = options.Balance,
            Resolve = options.Resolve,
        };
        Verdict? verdict = null;
        NearestTargets? targets = null;
        await foreach (ExplainResponse part in ReadAsync(
            stub => stub.Explain(request, cancellationToken: cancellationToken), cancellationToken).ConfigureAwait(false))
        {
            verdict ??= part.Verdict ?? throw Failures.Broken("verdict");
            targets ??= new(options.MaxTargets, verdict.Labels?.Labels_ ?? []);
            foreach (ExplainedTarget target in part.Targets)
            {
                targets.Add(new(target));
            }
        }

        return verdict is null || targets is null ? throw Failures.Broken("verdict") : new(verdict, targets);
    }
}
