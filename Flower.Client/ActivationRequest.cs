// SPDX-License-Identifier: BSD-2-Clause

namespace Flower.Client;

/// <summary>
/// Somebody waits for a server that an activator can start. Needs no answer when the server is started: it is over when
/// the server has been registered, or nobody waits any more. Thread-safe.
/// </summary>
public sealed class ActivationRequest
{
    private readonly ServerActivator _activator;
    private readonly OfferOrigin _origin;
    private readonly ulong _id;
    private readonly CancellationTokenSource _cancelled = new();
    private int _answered;

    internal ActivationRequest(ServerActivator activator, OfferOrigin origin, ulong id, ConnectionLabels labels)
    {
        _activator = activator;
        _origin = origin;
        _id = id;
        Labels = labels;
    }

    /// <summary>The labels of the first who waits, and those of the activator.</summary>
    public ConnectionLabels Labels { get; }

    /// <summary>Nobody waits any more: the server is there, or those who waited went away or waited for too long.</summary>
    public CancellationToken Cancelled => _cancelled.Token;

    /// <summary>Fails all who wait. Nothing happens if that was done, or nobody waits.</summary>
    /// <param name="reason">Why no server is started, in words.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task FailAsync(string reason, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (Interlocked.Exchange(ref _answered, 1) != 0)
        {
            return;
        }

        _activator.Forget(_id, this);
        try
        {
            await _origin.AnswerAsync(
                new() { ConnectionId = _id, Reject = new() { Reason = reason } }, cancellationToken).ConfigureAwait(false);
        }
        catch (FlowerException)
        {
            // The registration has ended, which fails them as well.
        }
    }

    // On the loop, which does not wait for those who are told.
    internal void Cancel() => _ = _cancelled.CancelAsync();
}
