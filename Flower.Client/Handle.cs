// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Net.Sockets;
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
/// <remarks>
/// When the switchboard goes away, a handle by path opens another session as soon as it is back (see
/// <see cref="HandleOptions"/>), and one by an inherited descriptor if the descriptor still leads to a switchboard.
/// Meanwhile calls wait. Those that nobody had answered are made again, up to eight times: ConnectAsync, ListenAsync,
/// StartEgressAsync, StartResolverAsync, Constrain, and a ListAsync that had brought nothing yet; never a push, since a
/// server may have the socket already. A session that the switchboard refused, or ended with an objection, is not opened
/// again.
/// </remarks>
public sealed partial class Handle : IAsyncDisposable
{
    private readonly SessionKeeper _keeper;

    private Handle(SessionSource source, Session session, HandleOptions options) =>
        _keeper = new(source, session, options);

    /// <summary>
    /// Completes, never faults, when the handle is of no more use: it was disposed, its session was refused or revoked,
    /// or the switchboard has gone for good. A switchboard that may come back does not complete it.
    /// </summary>
    public Task Closed => _keeper.Closed;

    /// <summary>Why the handle is of no more use; null while it is, and after it was disposed.</summary>
    public FlowerException? Failure => _keeper.Failure;

    // Code on an event loop goes back to its loop by itself and never blocks: it is spared the way over the thread pool.
    private static bool IsOnLoop => SynchronizationContext.Current is EventLoop;

    /// <summary>Opens a handle. Opened on an event loop, its session lives on that loop, and must end before it.</summary>
    /// <param name="address"><c>unix:/path</c>, <c>/path</c> or <c>fd:N</c>; null: see
    /// <see cref="SwitchboardAddress.Default"/>. An inherited descriptor is borrowed, and stays open.</param>
    /// <param name="options">What it does when the switchboard goes away; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FlowerException">There is no switchboard, which is not waited for, or no permission to open
    /// it.</exception>
    public static Task<Handle> OpenAsync(
        string? address = null, HandleOptions? options = null, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<Handle>(cancellationToken);
        }

        try
        {
            options = Checked(options);
            (SessionSource source, Session session) = SessionSource.Open(SwitchboardAddress.Resolve(address));
            return Task.FromResult(new Handle(source, session, options));
        }
        catch (FlowerException e)
        {
            return Task.FromException<Handle>(e);
        }
    }

    /// <summary>
    /// Opens the handle behind a session descriptor, such as a Constrain's result, and takes that over. It ends with its
    /// session: there is nothing left to open it by again.
    /// </summary>
    /// <exception cref="FlowerException">It is no session, or the switchboard has gone.</exception>
    public static Handle Adopt(Descriptor session)
    {
        ArgumentNullException.ThrowIfNull(session);
        (SessionSource source, Session first) = SessionSource.Adopt(session);
        return new(source, first, new());
    }

    /// <summary>Connects to the one target that matches best.</summary>
    /// <exception cref="FlowerException">Nothing matches, several match, the target refused, or the handle does not
    /// allow it; see <see cref="FlowerException.StatusCode"/>.</exception>
    public Task<Connection> ConnectAsync(
        LabelSet labels, ConnectOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        options ??= new();
        var request = new ClientConnectRequest
        {
            EncodedLabels = labels.Encode(),
            RelatedOnly = options.RelatedOnly,
            Wait = options.Wait,
            Revocable = options.Revocable,
            Balance = options.Balance,
            MaxTries = options.Tries,
        };
        return CallAsync(
            static (session, onLoop, request, options) =>
                session.Invoker(onLoop).AsyncUnaryCall(BoardMethods.ClientConnect, null, options, request),
            request,
            options.BeginLimit(),
            static response => new Connection(
                response.Socket?.Handle as Descriptor ?? throw Failures.Broken("socket"),
                new(response.EncodedLabels, response.Labels)),
            isConnect: true,
            cancellationToken);
    }

    /// <summary>Registers a server.</summary>
    /// <exception cref="FlowerException">The labels are taken, or the handle does not allow it.</exception>
    public async Task<Listener> ListenAsync(
        LabelSet labels, ListenOptions? options = null, CancellationToken cancellationToken = default) =>
        await Listener.StartAsync(_keeper, Start(labels, options), cancellationToken).ConfigureAwait(false);

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
            State = TargetState.Of(options?.Weight, options?.Draining),
        };
        return await Egress.StartAsync(_keeper, start, cancellationToken).ConfigureAwait(false);
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
            static (session, onLoop, request, options) => session.Stub(onLoop).ConstrainAsync(request, options), request, default, cancellationToken)
            .ConfigureAwait(false);
        return response.Handle?.Handle as Descriptor ?? throw Failures.Broken("handle");
    }

    /// <summary>
    /// Pushes an accepted socket onto the board, as an ingress does. It must be blocking. It is duplicated, and stays
    /// the
    /// caller's to close.
    /// </summary>
    /// <returns>The union of both sides' labels.</returns>
    /// <exception cref="FlowerException">As for <see cref="ConnectAsync"/>. UNAVAILABLE is also said when the switchboard
    /// went away meanwhile: the socket may have been handed over or not, and is not pushed again.</exception>
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
    /// <exception cref="FlowerException">As for <see cref="PushAsync(Socket, LabelSet, ConnectOptions?, CancellationToken)"/>.
    /// </exception>
    public async Task<ConnectionLabels> PushDescriptorAsync(
        Descriptor socket, LabelSet labels, ConnectOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        using Descriptor owned = socket;
        return await PushAsync(
            PushRequest(labels, options, relay: false), socket, options?.BeginLimit() ?? default,
            static response => new ConnectionLabels(response.EncodedLabels, response.Labels), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>
    /// Pushes an accepted socket onto the board, or, where an egress with a fixed destination matches best, brings the
    /// socket that the caller is to relay to. The descriptor stays the caller's, who closes it once it was handed over; where he
    /// does so before it was sent, as after a cancellation, it stays open until then. He must not move it before.
    /// </summary>
    /// <exception cref="FlowerException">As for <see cref="ConnectAsync"/>.</exception>
    public Task<PushOutcome> PushOrRelayAsync(
        Descriptor socket, LabelSet labels, ConnectOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(socket);
        return PushAsync(
            PushRequest(labels, options, relay: true), socket, options?.BeginLimit() ?? default,
            static response =>
            {
                var connectionLabels = new ConnectionLabels(response.EncodedLabels, response.Labels);
                return new PushOutcome(
                    connectionLabels,
                    response.Socket?.Handle is Descriptor peer ? new Connection(peer, connectionLabels) : null);
            },
            cancellationToken);
    }

    /// <summary>Ends the session, and with it every registration that was made through it.</summary>
    public ValueTask DisposeAsync() => _keeper.DisposeAsync();

    private static IngressConnectRequest PushRequest(LabelSet labels, ConnectOptions? options, bool relay)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return new()
        {
            EncodedLabels = labels.Encode(),
            RelatedOnly = options?.RelatedOnly ?? false,
            Wait = options?.Wait ?? false,
            Relay = relay,
            Revocable = options?.Revocable ?? false,
            Balance = options?.Balance ?? Balance.None,
            MaxTries = options?.Tries ?? 0,
        };
    }

    // The descriptor stays the caller's.
    private async Task<T> PushAsync<T>(
        IngressConnectRequest request,
        Descriptor socket,
        TimeLimit limit,
        Func<IngressConnectResponse, T> read,
        CancellationToken cancellationToken)
    {
        bool onLoop = IsOnLoop;
        using Activity? span = ConnectTrace.BeginConnect();
        Session session = await _keeper.GetAsync(limit, cancellationToken).ConfigureAwait(false);
        try
        {
            using AsyncUnaryCall<IngressConnectResponse> call = BeginPush(
                session.Invoker(onLoop), request, socket,
                new(ConnectTrace.Headers(), limit.AsDeadline(), cancellationToken));
            return read(await call.ConfigureAwait(false));
        }
        catch (Exception e) when (Failures.Known(e))
        {
            ConnectTrace.Fail(e);
            // Not again: it would be delivered twice if the switchboard had handed it over.
            throw Failures.MayTryAgain(e) ? Failures.PushLost(e) : Failures.FromCall(e, cancellationToken);
        }
    }

    // The transport disposes what it is lent, when it was sent or will not be: it may wait for that in a queue when the call was given
    // up long ago.
    private static AsyncUnaryCall<IngressConnectResponse> BeginPush(
        SessionCallInvoker invoker, IngressConnectRequest request, Descriptor socket, CallOptions options)
    {
        Descriptor lent = socket.Lend();
        try
        {
            request.Socket = FileDescriptor.Adopt(lent);
            return invoker.AsyncUnaryCall(BoardMethods.IngressConnect, null, options, request);
        }
        catch
        {
            lent.Dispose();
            throw;
        }
    }

    private static HandleOptions Checked(HandleOptions? options)
    {
        options ??= new();
        return options.Reconnect >= TimeSpan.Zero || options.Reconnect == Timeout.InfiniteTimeSpan
            ? options
            : throw new ArgumentOutOfRangeException(
                nameof(options), options.Reconnect, "Reconnect is a time, or Timeout.InfiniteTimeSpan");
    }

    private static TargetStart Start(LabelSet labels, ListenOptions? options)
    {
        ArgumentNullException.ThrowIfNull(labels);
        options ??= new();
        int credit = options.Credit;
        ArgumentOutOfRangeException.ThrowIfNegative(credit, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(credit, ushort.MaxValue, nameof(options));
        TargetUpdate state = TargetState.Of(options.Weight, options.Draining);
        state.OpenConnections = 0;
        return new() { Labels = labels.ToMessage(), Credit = (uint)credit, State = state };
    }

    private Task<TResponse> CallAsync<TRequest, TResponse>(
        Func<Session, bool, TRequest, CallOptions, AsyncUnaryCall<TResponse>> method,
        TRequest request,
        TimeLimit limit,
        CancellationToken cancellationToken) =>
        CallAsync(method, request, limit, static response => response, isConnect: false, cancellationToken);

    // Made again where nobody has answered it: the request means the same on a board that came back empty.
    private async Task<T> CallAsync<TRequest, TResponse, T>(
        Func<Session, bool, TRequest, CallOptions, AsyncUnaryCall<TResponse>> method,
        TRequest request,
        TimeLimit limit,
        Func<TResponse, T> read,
        bool isConnect,
        CancellationToken cancellationToken)
    {
        bool onLoop = IsOnLoop;
        using Activity? span = isConnect ? ConnectTrace.BeginConnect() : null;
        for (int losses = 0; ; losses++)
        {
            Session session = await _keeper.GetAsync(limit, cancellationToken).ConfigureAwait(false);
            using AsyncUnaryCall<TResponse> call =
                method(session, onLoop, request, new(ConnectTrace.Headers(), limit.AsDeadline(), cancellationToken));
            try
            {
                return read(await call.ConfigureAwait(false));
            }
            catch (Exception e) when (Failures.Known(e))
            {
                ConnectTrace.Fail(e);
                if (!_keeper.AllowsAnotherTry(session, e, losses))
                {
                    throw Failures.FromCall(e, cancellationToken);
                }
            }
        }
    }
}
