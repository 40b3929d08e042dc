// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Resolver.Services;

/// <summary>
/// Names of what is on the board: a name stands for all servers and egresses that state it as their service and do not
/// drain, as this resolver's handle sees them.
/// </summary>
/// <param name="handle">Lists them.</param>
/// <param name="key">The label whose value is the name.</param>
/// <param name="suffix">What the name ends with besides the service.</param>
/// <param name="label">The label that targets state.</param>
internal sealed class BoardNames(Handle handle, string key, string suffix, string label) : INames
{
    private const int MaxTargets = 1000;
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public async Task<NameAnswer> ResolveAsync(LabelSet question, CancellationToken cancellationToken)
    {
        string name = question[key]!;
        if (!name.EndsWith(suffix, StringComparison.Ordinal) || name.Length == suffix.Length)
        {
            return NameAnswer.None();
        }

        var targets = new List<ResolvedTarget>();
        var filter = LabelSet.Create([new(label, name[..^suffix.Length])], [label]);
        try
        {
            await foreach (TargetInfo target in handle.ListAsync(filter, cancellationToken).ConfigureAwait(false))
            {
                // A target may require the key with any value.
                if (target.Kind != TargetKind.Resolver && !target.IsDraining && target.Labels[label] is not null)
                {
                    targets.Add(Of(target));
                    if (targets.Count == MaxTargets)
                    {
                        break;
                    }
                }
            }
        }
        catch (FlowerException e)
        {
            throw new NameException(e.Message, e);
        }

        return new(targets, TimeToLive);
    }

    // All that it states: a request with all of it reaches that target.
    private static ResolvedTarget Of(TargetInfo target) => new(LabelSet.Create(
        target.Labels
            .Where(l => !l.Key.StartsWith(LabelRules.ReservedPrefix, StringComparison.Ordinal))
            .Select(l => KeyValuePair.Create(l.Key, l.Value))))
    {
        Weight = target.Weight,
    };
}
