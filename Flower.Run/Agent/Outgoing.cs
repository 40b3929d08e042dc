// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Client;
using Flower.Protocol;
using Flower.Relay;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Run.Names;
using Flower.Run.Network;
using Grpc.Core;

namespace Flower.Run.Agent;

/// <summary>
/// Connections that programs in the box make: each becomes a request on the board, and goes on when that is answered.
/// For the loop's thread alone.
/// </summary>
internal sealed class Outgoing : IDisposable
{
    // Fewer than the calls that one session may have (packet.proto); others wait as in a full backlog (listen(2)): the
    // kernel asks again after a second.
    private const int MaxAsked = 512;

    // What a relay needs: its two sockets. It has pipes as well where there are descriptors for them.
    private const int DescriptorsEach = 2;
    private const int SpareDescriptors = 256;

    // A switchboard that begins anew is waited for.
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(20);

    // The handshake on lo takes microseconds, or does not happen: whoever wanted to connect has gone.
    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(5);

    private readonly EventLoop _loop;
    private readonly BoardHandle _board;
    private readonly SyntheticNames _names;
    private readonly Relays _relays;
    private readonly RefusalLog _log;
    private readonly ConnectOptions _options;
    private readonly FirstPackets _packets;
    private readonly Arrivals _arrivals;
    private readonly HashSet<Flow> _asked = [];
    private readonly CancellationTokenSource _end = new();
    private readonly long _maxOpen = Math.Max(16, (DescriptorLimit.Value - SpareDescriptors) / DescriptorsEach);
    private int _open;

    /// <summary>Begins.</summary>
    /// <exception cref="Rpc.FlowerSocketException">The kernel cannot do it, or we may not.</exception>
    public Outgoing(
        EventLoop loop, BoxNetwork network, BoardHandle board, ConnectOptions options, SyntheticNames names, Relays relays,
        RefusalLog log)
    {
        _loop = loop;
        _board = board;
        _options = options;
        _names = names;
        _relays = relays;
        _log = log;
        _arrivals = new(loop, network.Listeners, HandshakeLimit);
        _packets = new(loop, network.HasIPv6, OnFirstPacket);
    }

    /// <summary>Told of each connection that was made: its destination.</summary>
    public Action<string>? Connected { get; init; }

    /// <summary>Whether nobody waits to be taken, or to be answered.</summary>
    public bool IsIdle => _asked.Count == 0 && _arrivals.IsEmpty;

    public void Dispose()
    {
        _end.Cancel();
        _packets.Dispose();
        _arrivals.Dispose();
        _end.Dispose();
    }

    // Null: there is too much at once, and it comes again, later.
    private static Verdict? VerdictOn(Exception why) => (why as FlowerException)?.StatusCode switch
    {
        StatusCode.ResourceExhausted => null,
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled => Verdict.Refuse,
        _ => Verdict.Unreachable,
    };

    private void OnFirstPacket(FirstPacket packet)
    {
        if (_arrivals.IsExpected(packet.Flow))
        {
            // It was answered, and the answer was lost.
            _packets.Answer(packet, Verdict.Accept);
        }
        else if (_open >= _maxOpen)
        {
            _log.Say(
                packet.Flow.Destination.ToString(),
                $"waits, since there are {_open} connections, as many as this process has descriptors for (ulimit -n)");
        }
        else if (_asked.Count < MaxAsked && _asked.Add(packet.Flow))
        {
            _ = AskAsync(packet);
        }
    }

    // Never faults: whatever happens, the program is told.
    private async Task AskAsync(FirstPacket packet)
    {
        IPEndPoint destination = packet.Flow.Destination;
        string name = destination.ToString();
        IDisposable? held = null;
        Connection? connection = null;
        _open++;
        try
        {
            LabelSet labels = LabelsOf(destination, ref name, ref held);
            connection = await ConnectAsync(labels);
            Connection made = connection;
            _arrivals.Expect(packet.Flow, new(made, accepted => Relay(accepted, made, held), () => Close(held)));
            connection = null;
            _packets.Answer(packet, Verdict.Accept);
            Connected?.Invoke(name);
        }
        catch (Exception e)
        {
            connection?.Dispose();
            Close(held);
            if (!_end.IsCancellationRequested)
            {
                Refuse(packet, name, e);
            }
        }
        finally
        {
            _asked.Remove(packet.Flow);
        }
    }

    private LabelSet LabelsOf(IPEndPoint destination, ref string name, ref IDisposable? held)
    {
        if (!SyntheticAddresses.Contains(destination.Address))
        {
            return RequestLabels.Of(destination);
        }

        SyntheticName found = _names.Find(destination.Address)
            ?? throw new FlowerException(StatusCode.NotFound, "no name has this address in the box (any more)");
        held = _names.Hold(found.Number);
        name = $"{found.Name}:{destination.Port}";
        return RequestLabels.Of(found.Name, destination.Port);
    }

    private async Task<Connection> ConnectAsync(LabelSet labels)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        limit.CancelAfter(AnswerLimit);
        try
        {
            while (true)
            {
                Handle handle = await _board.GetAsync(limit.Token);
                try
                {
                    return await handle.ConnectAsync(labels, _options, limit.Token);
                }
                catch (FlowerException e) when (
                    e.StatusCode == StatusCode.Unavailable && handle.Closed.IsCompleted)
                {
                    // The switchboard went away meanwhile: nobody has answered.
                }
            }
        }
        catch (OperationCanceledException) when (!_end.IsCancellationRequested)
        {
            throw new FlowerException(
                StatusCode.DeadlineExceeded, $"the switchboard did not answer within {AnswerLimit.TotalSeconds} s");
        }
    }

    private void Refuse(FirstPacket packet, string name, Exception why)
    {
        // Before the program says so itself.
        _log.Say(name, why.Message);
        if (VerdictOn(why) is { } verdict)
        {
            _packets.Answer(packet, verdict);
        }
    }

    private void Relay(Descriptor accepted, Connection connection, IDisposable? held)
    {
        Task ended;
        try
        {
            ended = _relays.RunAsync(accepted, connection.TakeDescriptor(), _end.Token);
        }
        catch (FlowerSocketException)
        {
            // No descriptor is left to watch it with; both sides are closed.
            Close(held);
            return;
        }

        // On the loop, whose counts these are. How a relay ends is its sides' business.
        ended.ContinueWith(
            _ => _loop.Post(_ => Close(held), null),
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private void Close(IDisposable? held)
    {
        _open--;
        held?.Dispose();
    }
}
