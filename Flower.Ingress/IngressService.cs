// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Ingress.Accepting;
using Flower.Ingress.HandingOver;
using Flower.Ingress.Listening;
using Flower.Ingress.Peek;
using Flower.Rpc.Transport;
using Grpc.Core;

namespace Flower.Ingress;

/// <summary>
/// The ingress: accepts, looks at the first bytes where it is asked to, and hands over. Its parts live on one loop,
/// which it owns, as it owns the handle and the listeners. The handle's session lives on the same loop: a connection
/// passes from accept(2) to the switchboard without changing the thread.
/// </summary>
internal sealed class IngressService : IAsyncDisposable
{
    private readonly EventLoop _loop;
    private readonly TaskCompletionSource _fault;
    private readonly IngressOptions _options;
    private readonly Handle _handle;
    private readonly Stream _output = Console.OpenStandardError();
    private readonly IngressLog _log;
    private readonly Acceptor _acceptor;
    private readonly FirstBytes _firstBytes;
    private readonly HandOver _handOver;

    private IngressService(
        EventLoop loop,
        TaskCompletionSource fault,
        Handle handle,
        IReadOnlyList<ListenSocket> listeners,
        IngressOptions options)
    {
        _loop = loop;
        _fault = fault;
        _handle = handle;
        Listeners = listeners;
        _options = options;
        _log = new IngressLog(_loop, _output, options.Quiet);
        _handOver = new HandOver(handle, options.HandOver, _log, OnFault);
        _firstBytes = new FirstBytes(_loop, options.FirstBytes, _handOver.Begin, Refuse);
        _acceptor = new Acceptor(_loop, () => _handOver.HasRoom, ReservedDescriptors, OnAccepted, _log);
        _handOver.RoomMade += _acceptor.Resume;
    }

    /// <summary>What it listens on.</summary>
    public IReadOnlyList<ListenSocket> Listeners { get; }

    /// <summary>Opens the handle, then the listeners.</summary>
    public static async Task<IngressService> OpenAsync(
        Func<Task<Handle>> openHandle, Func<IReadOnlyList<ListenSocket>> openListeners, IngressOptions options)
    {
        var fault = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var loop = new EventLoop("flower-ingress", e => fault.TrySetException(e));
        Handle? handle = null;
        try
        {
            await loop.Invoke(async () => handle = await openHandle());
            return new(loop, fault, handle!, openListeners(), options);
        }
        catch
        {
            await (handle?.DisposeAsync() ?? ValueTask.CompletedTask);
            loop.Dispose();
            throw;
        }
    }

    /// <summary>Runs until it is stopped, and then lets finish what goes on.</summary>
    /// <param name="signals">What stops it.</param>
    /// <param name="ready">Called once connections are accepted.</param>
    /// <exception cref="FlowerException">The handle is of no more use.</exception>
    /// <exception cref="ToolException">No socket listens any more.</exception>
    public async Task RunAsync(StopSignals signals, Action ready)
    {
        await _loop.Invoke(() => _acceptor.Start(Listeners));
        ready();
        Task first = await Task.WhenAny(_handle.Closed, signals.Stopping, _acceptor.Ended, _fault.Task);
        if (first == _fault.Task)
        {
            await _fault.Task;
        }

        bool hasHandle = first != _handle.Closed;
        await _loop.Invoke(() => DrainAsync(hasHandle, signals.End));
        if (!hasHandle)
        {
            throw _handle.Failure ?? new FlowerException(StatusCode.Unavailable, "the handle was closed");
        }

        if (first == _acceptor.Ended)
        {
            throw new ToolException(ExitCodes.Unavailable, "nothing listens any more: start it again");
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The session, which needs the loop, then the loop: after it nobody uses the rest.
        await _handle.DisposeAsync();
        _loop.Dispose();
        _handOver.Dispose();
        foreach (ListenSocket listener in Listeners)
        {
            listener.Dispose();
        }

        _log.Flush();
        _output.Dispose();
    }

    private void OnAccepted(AcceptedConnection connection)
    {
        if (_options.Proxies is { } proxies && !proxies.Trusts(connection.Peer))
        {
            Refuse(connection, "it comes from no proxy that --proxy-protocol trusts");
        }
        else if (_options.FirstBytes.IsAny)
        {
            _firstBytes.Begin(connection);
        }
        else
        {
            _handOver.Begin(connection);
        }
    }

    private void OnFault(Exception fault) => _fault.TrySetException(fault);

    private void Refuse(AcceptedConnection connection, string why)
    {
        _log.Refused(connection.Client, why);
        connection.Dispose();
        _acceptor.Resume();
    }

    // For each connection that is to be matched an egress's socket may arrive, and then two pipes; what arrives and
    // finds no descriptor would end the session. A few more are for the runtime.
    private int ReservedDescriptors() => 16 + (5 * _handOver.Waiting);

    // The order in which connections pass these: none can be in two.
    private async Task DrainAsync(bool hasHandle, CancellationToken end)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(end);
        limit.CancelAfter(_options.Drain);
        using CancellationTokenRegistration abandoning = limit.Token.Register(() => _loop.Post(_ => Abandon(), null));
        if (hasHandle)
        {
            _acceptor.Drain();
        }
        else
        {
            // Nobody can be matched any more, but relays need no switchboard.
            _acceptor.Stop();
            _firstBytes.RefuseAll("the ingress is stopping");
        }

        await _acceptor.Ended;
        await _firstBytes.WhenEmpty();
        await _handOver.WhenIdle();
    }

    private void Abandon()
    {
        _acceptor.Stop();
        _firstBytes.RefuseAll("the ingress is stopping");
        _handOver.Abandon();
    }
}
