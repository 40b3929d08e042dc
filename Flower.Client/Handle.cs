// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Grpc.Core;

namespace Flower.Client;

/// <summary>
/// The authority to talk to a switchboard, and one session over it. Everything that is registered through it ends with
/// it; connections that were made live on. Thread-safe.
/// </summary>
public sealed class Handle : IAsyncDisposable
{
    private readonly SessionChannel _channel;
    private readonly Switchboard.SwitchboardClient _pooled;
    private readonly Switchboard.SwitchboardClient _inline;

    private Handle(SessionChannel channel)
    {
        _channel = channel;
        _pooled = new(channel.CreateCallInvoker());
        _inline = new(channel.CreateInlineCallInvoker());
    }

    /// <summary>Completes when the session has ended, whoever ended it. Never faults.</summary>
    public Task Closed => _channel.Closed;

    // Code on an event loop goes back to its loop by itself and never blocks: it is spared the way over the thread pool.
    private Switchboard.SwitchboardClient Stub => SynchronizationContext.Current is EventLoop ? _inline : _pooled;

    /// <summary>Opens a handle. Opened on an event loop, its session lives on that loop, and must end before it.</summary>
    /// <param name="address"><c>unix:/path</c>, <c>/path</c> or <c>fd:N</c>; null: see
    /// <see cref="SwitchboardAddress.Default"/>. An inherited descriptor is borrowed, and stays open.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">There is no switchboard, or no permission to open it.</exception>
    public static Task<Handle> OpenAsync(string? address = null, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<Handle>(cancellationToken);
        }

        try
        {
            return Task.FromResult(Open(SwitchboardAddress.Resolve(address)));
        }
        catch (FlowerException e)
        {
            return Task.FromException<Handle>(e);
        }
    }

    /// <summary>
    /// Opens the handle behind a session descriptor, such as a Constrain's result, and takes that over.
    /// </summary>
    /// <exception cref="FlowerException">It is no session, or the switchboard has gone.</exception>
    public static Handle Adopt(Descriptor session)
    {
        ArgumentNullException.ThrowIfNull(session);
        try
        {
            return new(SessionChannel.Adopt(session));
        }
        catch (FlowerSocketException e)
        {
            session.Dispose();
            throw Failures.FromSocket(e);
        }
    }

    /// <summary>Connects to the one target that matches best.</summary>
    /// <exception cref="FlowerException">Nothing matches, several match, the target refused, or the handle does not
    /// allow it; see <see cref="FlowerException.StatusCode"/>.</exception>
    public async Task<Connection> ConnectAsync(
        LabelSet labels, ConnectOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        options ??= new();
        var request = new ClientConnectRequest
        {
            Labels = labels.ToMessage(),
            RelatedOnly = options.RelatedOnly,
            Wait = options.Wait,
        };
        ClientConnectResponse response = await CallAsync(
            Stub.ClientConnectAsync(request, null, options.Deadline, cancellationToken), cancellationToken)
            .ConfigureAwait(false);
        return new(response.Socket?.Handle as Descriptor ?? throw Failures.Broken("socket"), new(response.Labels));
    }

    /// <summary>Registers a server.</summary>
    /// <exception cref="FlowerException">The labels are taken, or the handle does not allow it.</exception>
    public async Task<Listener> ListenAsync(
        LabelSet labels, ListenOptions? options = null, CancellationToken cancellationToken = default) =>
        await Listener.StartAsync(_inline, Start(labels, options), cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// Registers an egress. One without a fixed destination must require <c>address_family</c>: <c>+address_family</c>.
    /// </summary>
    /// <exception cref="FlowerException">The labels are taken, or the handle does not allow it.</exception>
    public async Task<Egress> StartEgressAsync(
        LabelSet labels, EgressOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var start = new TargetStart
        {
            Labels = labels.ToMessage(),
            FixedDestination = options?.FixedDestination ?? false,
        };
        return await Egress.StartAsync(_inline, start, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Makes a narrower handle, with a session of its own.</summary>
    /// <param name="rights">Its rights, each of which this handle must have.</param>
    /// <param name="inLabels">Added to the labels of what it registers.</param>
    /// <param name="outLabels">Added to the labels of its requests.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">A right is not this handle's, or labels contradict.</exception>
    public async Task<Handle> ConstrainAsync(
        IEnumerable<Right> rights, LabelSet inLabels, LabelSet outLabels,
        CancellationToken cancellationToken = default) =>
        Adopt(await ConstrainToDescriptorAsync(rights, inLabels, outLabels, cancellationToken).ConfigureAwait(false));

    /// <summary>
    /// Makes a narrower handle to pass on: to a child that inherits it, or to any number of processes.
    /// </summary>
    /// <param name="rights">Its rights, each of which this handle must have.</param>
    /// <param name="inLabels">Added to the labels of what it registers.</param>
    /// <param name="outLabels">Added to the labels of its requests.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">A right is not this handle's, or labels contradict.</exception>
    public async Task<Descriptor> ConstrainToDescriptorAsync(
        IEnumerable<Right> rights, LabelSet inLabels, LabelSet outLabels, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(rights);
        ArgumentNullException.ThrowIfNull(inLabels);
        ArgumentNullException.ThrowIfNull(outLabels);
        var request = new ConstrainRequest { InLabels = inLabels.ToMessage(), OutLabels = outLabels.ToMessage() };
        request.Rights.AddRange(rights);
        ConstrainResponse response = await CallAsync(
            Stub.ConstrainAsync(request, cancellationToken: cancellationToken), cancellationToken)
            .ConfigureAwait(false);
        return response.Handle?.Handle as Descriptor ?? throw Failures.Broken("handle");
    }

    /// <summary>
    /// Pushes an accepted socket onto the board, as an ingress does. It must be blocking. It is duplicated, and stays
    /// the
    /// caller's to close.
    /// </summary>
    /// <returns>The union of both sides' labels.</returns>
    /// <exception cref="FlowerException">As for <see cref="ConnectAsync"/>.</exception>
    public async Task<ConnectionLabels> PushAsync(
        Socket socket, LabelSet labels, ConnectOptions? options = null, CancellationToken cancellationToken = default)
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

        return await PushDescriptorAsync(descriptor, labels, options, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Pushes an accepted socket onto the board. The descriptor is taken over, whatever the outcome.</summary>
    /// <returns>The union of both sides' labels.</returns>
    /// <exception cref="FlowerException">As for <see cref="ConnectAsync"/>.</exception>
    public async Task<ConnectionLabels> PushDescriptorAsync(
        Descriptor socket, LabelSet labels, ConnectOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        using Descriptor owned = socket;
        IngressConnectResponse response =
            await PushAsync(socket, labels, options, relay: false, cancellationToken).ConfigureAwait(false);
        return new(response.Labels);
    }

    /// <summary>
    /// Pushes an accepted socket onto the board, or, where an egress with a fixed destination matches best, brings the
    /// socket that the caller is to relay to. The descriptor stays the caller's, who closes it once it was handed over.
    /// </summary>
    /// <exception cref="FlowerException">As for <see cref="ConnectAsync"/>, or no descriptor is left.</exception>
    public async Task<PushOutcome> PushOrRelayAsync(
        Descriptor socket, LabelSet labels, ConnectOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        Descriptor copy;
        try
        {
            copy = socket.Duplicate();
        }
        catch (FlowerSocketException e)
        {
            throw Failures.FromSocket(e);
        }

        using (copy)
        {
            IngressConnectResponse response =
                await PushAsync(copy, labels, options, relay: true, cancellationToken).ConfigureAwait(false);
            var connectionLabels = new ConnectionLabels(response.Labels);
            return new(
                connectionLabels,
                response.Socket?.Handle is Descriptor peer ? new Connection(peer, connectionLabels) : null);
        }
    }

    /// <summary>The targets that do not contradict the labels.</summary>
    /// <exception cref="FlowerException">The handle does not allow it, or the switchboard went away.</exception>
    public async IAsyncEnumerable<TargetInfo> ListAsync(
        LabelSet labels, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        using AsyncServerStreamingCall<ListResponse> call = _pooled.List(
            new() { Labels = labels.ToMessage() }, cancellationToken: cancellationToken);
        while (await NextAsync(call.ResponseStream, cancellationToken).ConfigureAwait(false))
        {
            foreach (Target target in call.ResponseStream.Current.Targets)
            {
                yield return new(target.Kind, new(target.Labels), [.. target.RequiredKeys.Order(StringComparer.Ordinal)]);
            }
        }
    }

    /// <summary>Ends the session, and with it every registration that was made through it.</summary>
    public ValueTask DisposeAsync() => _channel.DisposeAsync();

    // The transport takes the descriptor, unless the call could not begin: the caller disposes it in any case.
    private async Task<IngressConnectResponse> PushAsync(
        Descriptor socket, LabelSet labels, ConnectOptions? options, bool relay, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(labels);
        options ??= new();
        var request = new IngressConnectRequest
        {
            Labels = labels.ToMessage(),
            Socket = FileDescriptor.Adopt(socket),
            RelatedOnly = options.RelatedOnly,
            Wait = options.Wait,
            Relay = relay,
        };
        return await CallAsync(
            Stub.IngressConnectAsync(request, null, options.Deadline, cancellationToken), cancellationToken)
            .ConfigureAwait(false);
    }

    private static Handle Open(SwitchboardAddress address)
    {
        try
        {
            if (address.Path is { } path)
            {
                return new(SessionChannel.ConnectPath(path));
            }

            using Descriptor inherited = Descriptor.Borrow(address.Descriptor);
            return new(SessionChannel.OpenShared(inherited));
        }
        catch (FlowerSocketException e)
        {
            throw Failures.FromOpen(e, address);
        }
    }

    private static TargetStart Start(LabelSet labels, ListenOptions? options)
    {
        ArgumentNullException.ThrowIfNull(labels);
        int credit = (options ?? new()).Credit;
        ArgumentOutOfRangeException.ThrowIfNegative(credit, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(credit, ushort.MaxValue, nameof(options));
        return new() { Labels = labels.ToMessage(), Credit = (uint)credit };
    }

    private static async Task<T> CallAsync<T>(AsyncUnaryCall<T> call, CancellationToken cancellationToken)
    {
        using (call)
        {
            try
            {
                return await call.ConfigureAwait(false);
            }
            catch (Exception e) when (Failures.Known(e))
            {
                throw Failures.FromCall(e, cancellationToken);
            }
        }
    }

    private static async Task<bool> NextAsync<T>(IAsyncStreamReader<T> reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.MoveNext(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (Failures.Known(e))
        {
            throw Failures.FromCall(e, cancellationToken);
        }
    }
}
