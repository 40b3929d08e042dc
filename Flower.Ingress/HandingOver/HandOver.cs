// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.CommandLine;
using Flower.Ingress.Accepting;
using Flower.Protocol;
using Flower.Relay;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Grpc.Core;

namespace Flower.Ingress.HandingOver;

/// <summary>
/// Brings connections to who is to have them: pushes them onto the board, many at once, so that a slow server holds up
/// nobody else, and relays those whose target is an egress. Owns each connection from <see cref="Begin"/> on. On the
/// loop.
/// </summary>
internal sealed class HandOver(Handle handle, HandOverOptions options, IngressLog log, Action<Exception> fault)
    : IDisposable
{
    private readonly ConnectOptions _connecting = options.Connecting;
    private readonly MergedLabels _labels = new(options.Labels);
    private readonly Shares<IPAddress> _shares = new(int.MaxValue, options.MaxOfAddress);
    private readonly Lazy<Relays> _relays = new(() => new Relays());
    private readonly CancellationTokenSource _abandon = new();
    private TaskCompletionSource? _idle;
    private int _going;

    /// <summary>A connection is matched, or closed.</summary>
    public event Action? RoomMade;

    /// <summary>How many connections wait to be matched.</summary>
    public int Waiting { get; private set; }

    /// <summary>Another one may wait.</summary>
    public bool HasRoom => Waiting < options.MaxWaiting;

    /// <summary>Takes a connection, unless too many of its address wait already.</summary>
    public void Begin(AcceptedConnection connection)
    {
        if (NetworkOf(connection) is IPAddress network && _shares.TryTake(network) is int limit)
        {
            log.Refused(connection.Client, $"{limit} connections of its address wait already");
            connection.Dispose();
            RoomMade?.Invoke();
            return;
        }

        Waiting++;
        _going++;
        // Owned by the count, which WhenIdle waits for.
        _ = RunAsync(connection);
    }

    /// <summary>Gives up what still goes on, soon.</summary>
    public void Abandon() => _abandon.Cancel();

    /// <summary>Completes when nothing goes on. Nothing may begin meanwhile.</summary>
    public Task WhenIdle()
    {
        if (_going == 0)
        {
            return Task.CompletedTask;
        }

        _idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
        return _idle.Task;
    }

    public void Dispose()
    {
        if (_relays.IsValueCreated)
        {
            _relays.Value.Dispose();
        }

        _abandon.Dispose();
    }

    // Never faults: what happens to one connection is said, and what must not happen is told to the owner.
    private async Task RunAsync(AcceptedConnection connection)
    {
        try
        {
            using (connection)
            {
                PushOutcome? outcome = await MatchAsync(connection);
                OnMatched(connection, outcome);
                if (outcome?.RelayTo is { } other)
                {
                    await RelayAsync(connection, other);
                }
            }
        }
        catch (Exception e)
        {
            fault(e);
        }

        if (--_going == 0)
        {
            _idle?.SetResult();
            _idle = null;
        }
    }

    // Of IPv6, the network that one host may have to itself (RFC 4291, 2.5.4). Null: a local peer.
    private static IPAddress? NetworkOf(AcceptedConnection connection)
    {
        IPAddress? address = (connection.Behind ?? connection.Peer)?.Address;
        if (address is null or { AddressFamily: AddressFamily.InterNetwork } or { IsIPv4MappedToIPv6: true })
        {
            return address?.MapToIPv4();
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        bytes[8..].Clear();
        return new IPAddress(bytes);
    }

    private void OnMatched(AcceptedConnection connection, PushOutcome? outcome)
    {
        if (outcome?.RelayTo is null)
        {
            // Closed before there is room for another, which may need its descriptor.
            connection.Dispose();
        }

        Waiting--;
        if (NetworkOf(connection) is IPAddress network)
        {
            _shares.Return(network);
        }

        RoomMade?.Invoke();
    }

    // Null: it was refused.
    private async Task<PushOutcome?> MatchAsync(AcceptedConnection connection)
    {
        try
        {
            LabelSet all = _labels.With(connection.Labels, out IReadOnlyList<string> keys);
            if (keys.Count > 0)
            {
                log.Refused(connection.Client, $"the labels given contradict its {string.Join(", ", keys)}");
                return null;
            }

            PushOutcome outcome = await handle.PushOrRelayAsync(connection.Socket, all, _connecting, _abandon.Token);
            if (outcome.RelayTo is null)
            {
                log.HandedOver(connection, outcome.Labels);
            }

            return outcome;
        }
        catch (FlowerException e) when (e.StatusCode == StatusCode.DeadlineExceeded && _connecting.Wait)
        {
            log.Refused(connection.Client, $"no server took it within the time of --wait ({e.Message})");
        }
        catch (Exception e) when (e is FlowerException or LabelException)
        {
            log.Refused(connection.Client, e.Message);
        }
        catch (OperationCanceledException)
        {
            log.Refused(connection.Client, "the ingress is stopping");
        }

        return null;
    }

    private async Task RelayAsync(AcceptedConnection connection, Connection other)
    {
        using (other)
        {
            log.Relaying(connection, other.Labels);
            try
            {
                Descriptor socket = other.TakeDescriptor();
                using RevocableSocket end = Share(other, socket);
                RelayedBytes bytes = await _relays.Value.RunAsync(connection.TakeSocket(), socket, _abandon.Token);
                log.Relayed(connection.Client, bytes);
            }
            catch (Exception e) when (e is IOException or FlowerSocketException)
            {
                log.Say($"relaying {connection.Client} failed: {e.Message}");
            }
            catch (OperationCanceledException)
            {
                log.Say($"relaying {connection.Client} was cut off: the ingress is stopping");
            }
        }
    }

    // The relay takes the socket; it is closed if there is no copy.
    private static RevocableSocket Share(Connection connection, Descriptor socket)
    {
        try
        {
            return RevocableSocket.Of(connection, socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
