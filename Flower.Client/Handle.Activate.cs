// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Client;

/// <content>Servers that are started when they are asked for.</content>
public sealed partial class Handle
{
    /// <summary>The longest that requests may wait for a server to be started: an hour.</summary>
    public static readonly TimeSpan MaxStartTimeout = TimeSpan.FromHours(1);

    /// <summary>
    /// Registers an activator. It holds the name: from then on, servers with these labels can only be registered over
    /// handles that were made from this one.
    /// </summary>
    /// <param name="labels">The labels of the servers that it starts.</param>
    /// <param name="startTimeout">How long requests wait for the server, from 1 ms to <see cref="MaxStartTimeout"/>; null: a
    /// minute.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">The labels are taken, or the handle lacks SERVER_START.</exception>
    public async Task<ServerActivator> StartActivatorAsync(
        LabelSet labels, TimeSpan? startTimeout = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        if (startTimeout is TimeSpan given && (given < TimeSpan.FromMilliseconds(1) || given > MaxStartTimeout))
        {
            throw new ArgumentOutOfRangeException(nameof(startTimeout), given, $"from 1 ms to {MaxStartTimeout}");
        }

        var start = new TargetStart
        {
            Labels = labels.ToMessage(),
            Activator = true,
            State = TargetState.Of(null, null),
            StartTimeoutMs = (uint)Math.Ceiling(startTimeout?.TotalMilliseconds ?? 0),
        };
        return await ServerActivator.StartAsync(_keeper, start, cancellationToken).ConfigureAwait(false);
    }
}
