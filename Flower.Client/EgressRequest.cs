// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.Client;

/// <summary>
/// A connection that a client wants made. Answer it once; disposing it unanswered fails it. Thread-safe.
/// </summary>
public sealed class EgressRequest : IAsyncDisposable
{
    private readonly Egress _egress;
    private readonly OfferOrigin _origin;
    private readonly ulong _id;
    private readonly CancellationTokenSource _cancelled = new();
    private int _answered;
    private volatile bool _ended;

    internal EgressRequest(Egress egress, OfferOrigin origin, ulong id, ConnectionLabels labels)
    {
        _egress = egress;
        _origin = origin;
        _id = id;
        Labels = labels;
    }

    /// <summary>The union of both sides' labels: where to connect to, and for whom.</summary>
    public ConnectionLabels Labels { get; }

    /// <summary>The client or the switchboard has gone: an answer would reach nobody.</summary>
    public CancellationToken Cancelled => _cancelled.Token;

    /// <summary>
    /// Hands the connected socket to the client. It must be blocking. It is duplicated, and stays the caller's to
    /// close.
    /// </summary>
    /// <exception cref="FlowerException">The registration has ended, or no descriptor is left.</exception>
    /// <exception cref="InvalidOperationException">It was answered before.</exception>
    public async Task ConnectedAsync(Socket socket, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        Descriptor descriptor;
        try
        {
            descriptor = Descriptor.FromSocket(socket);
        }
        catch (FlowerSocketException e)
        {
            throw Failures.FromSocket(e);
        }

        await ConnectedDescriptorAsync(descriptor, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Hands the connected socket to the client. It must be blocking. The descriptor is taken over, whatever the
    /// outcome.
    /// </summary>
    /// <exception cref="FlowerException">The registration has ended.</exception>
    /// <exception cref="InvalidOperationException">It was answered before.</exception>
    public async Task ConnectedDescriptorAsync(Descriptor socket, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        if (Interlocked.Exchange(ref _answered, 1) != 0)
        {
            socket.Dispose();
            throw AnsweredBefore();
        }

        await AnswerAsync(
            new() { ConnectionId = _id, Accept = new() { Socket = FileDescriptor.Adopt(socket) } },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Tells the client that the connection could not be made.</summary>
    /// <param name="reason">Why, in words: "connection refused by 127.0.0.1:5432".</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">The registration has ended.</exception>
    /// <exception cref="InvalidOperationException">It was answered before.</exception>
    public async Task FailAsync(string reason, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (Interlocked.Exchange(ref _answered, 1) != 0)
        {
            throw AnsweredBefore();
        }

        await AnswerAsync(
            new() { ConnectionId = _id, Reject = new() { Reason = reason } }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Fails the request, if it has not been answered.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _answered, 1) == 0 && !_cancelled.IsCancellationRequested)
        {
            try
            {
                await AnswerAsync(
                    new() { ConnectionId = _id, Reject = new() { Reason = "the egress is busy, or is ending", Overloaded = true } },
                    CancellationToken.None).ConfigureAwait(false);
            }
            catch (FlowerException)
            {
                // The registration has ended, which fails it as well.
            }
        }
    }

    /// <summary>The registration ends: fails the request, if it has not been answered.</summary>
    internal ValueTask EndAsync()
    {
        _ended = true;
        return DisposeAsync();
    }

    // On the loop, which does not wait for those who are told.
    internal void Cancel() => _ = _cancelled.CancelAsync();

    private Task AnswerAsync(Answer answer, CancellationToken cancellationToken)
    {
        _egress.Forget(_id, this);
        return _origin.AnswerAsync(answer, cancellationToken);
    }

    private Exception AnsweredBefore() => _ended
        ? Failures.Ended(null)
        : new InvalidOperationException("the request was answered before");
}
