// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Activate;

/// <summary>Whether the server has nothing to do: the board knows what it was given, and what it says it has.</summary>
internal sealed class Idleness(Handle handle, ActivateOptions options)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Looks whether it can be found out, if it matters.</summary>
    /// <exception cref="FlowerException">The handle may not list.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (options.Idle > TimeSpan.Zero)
        {
            await LookAsync(cancellationToken);
        }
    }

    /// <summary>Completes when the servers of a program have had nothing to do for long enough, and take nothing more.</summary>
    /// <param name="isWanted">Whether somebody waits for it to register.</param>
    /// <param name="ended">Cancelled when the program has ended.</param>
    /// <exception cref="OperationCanceledException">The program has ended.</exception>
    public async Task DrainWhenIdleAsync(Func<bool> isWanted, CancellationToken ended)
    {
        if (options.Idle == TimeSpan.Zero)
        {
            await Task.Delay(Timeout.Infinite, ended);
        }

        var interval = TimeSpan.FromTicks(Math.Clamp(options.Idle.Ticks / 4, Shortest.Ticks, Longest.Ticks));
        (ulong Taken, bool IsBusy) before = default;
        long since = Environment.TickCount64;
        while (true)
        {
            await Task.Delay(interval, ended);
            (ulong Taken, bool IsBusy) now = await LookAsync(ended);
            if (isWanted() || now.IsBusy || now.Taken != before.Taken)
            {
                since = Environment.TickCount64;
            }
            else if (Environment.TickCount64 - since >= options.Idle.TotalMilliseconds)
            {
                if (await TryDrainAsync(now.Taken, ended))
                {
                    return;
                }

                since = Environment.TickCount64;
            }

            before = now;
        }
    }

    // First no more, then a last look: what was given to it meanwhile is served.
    private async Task<bool> TryDrainAsync(ulong taken, CancellationToken ended)
    {
        try
        {
            await handle.UpdateTargetsAsync(options.Labels, draining: true, cancellationToken: ended);
            (ulong Taken, bool IsBusy) last = await LookAsync(ended);
            if (last.Taken == taken && !last.IsBusy)
            {
                return true;
            }

            await handle.ResetTargetsAsync(options.Labels, weight: false, cancellationToken: ended);
        }
        catch (FlowerException e) when (e.StatusCode == StatusCode.NotFound)
        {
            // It has no server: nothing can be given to it.
            return true;
        }

        return false;
    }

    // Only servers that were registered over a handle made from ours can have the labels of the activator.
    private async Task<(ulong Taken, bool IsBusy)> LookAsync(CancellationToken cancellationToken)
    {
        ulong taken = 0;
        bool isBusy = false;
        await foreach (TargetInfo target in handle.ListAsync(options.Labels, cancellationToken))
        {
            if (target is { Kind: TargetKind.Server, IsActivator: false }
                && options.Labels.Labels.All(label => target.Labels[label.Key] == label.Value))
            {
                taken += target.Connections;
                isBusy |= target.OpenConnections > 0;
            }
        }

        return (taken, isBusy);
    }
}
