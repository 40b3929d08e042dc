// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.Ingress.Listening;
using Flower.Protocol;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Ingress.Accepting;

/// <summary>
/// Accepts from all listeners while there is room; what it does not accept stays in the kernel's backlog. Out of
/// descriptors or memory, it rests instead of trying over and over. Owns the watches, not the listeners. On the loop.
/// </summary>
/// <param name="loop">The loop.</param>
/// <param name="hasRoom">Whether another connection can be taken. Who makes room calls <see cref="Resume"/>.</param>
/// <param name="reserve">How many descriptors those that were taken may still need.</param>
/// <param name="accepted">Takes a connection.</param>
/// <param name="log">Where a shortage is said.</param>
internal sealed class Acceptor(
    EventLoop loop, Func<bool> hasRoom, Func<int> reserve, Action<AcceptedConnection> accepted, IngressLog log)
{
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(100);

    // So that the sockets of those that were accepted before get their turn.
    private const int MaxPerTurn = 64;

    // Enough for any backlog; under a load that never lets it run empty, the drain must end too.
    private const int MaxDrained = 4096;

    private readonly List<Source> _sources = [];
    private readonly Shortage _shortage = new();
    private readonly SocketAddress _peer = StreamSocket.NewName();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IDisposable? _rest;
    private bool _draining;

    /// <summary>Completes when nothing will be accepted any more.</summary>
    public Task Ended => _ended.Task;

    private bool CanAccept => _rest is null && hasRoom();

    /// <summary>Begins.</summary>
    public void Start(IEnumerable<ListenSocket> listeners)
    {
        foreach (ListenSocket listener in listeners)
        {
            var source = new Source(listener);
            _sources.Add(source);
            source.Watch = loop.Add(listener.Descriptor, Readiness.Read, _ => OnReady(source));
        }
    }

    /// <summary>There is room again, or a descriptor is free.</summary>
    public void Resume()
    {
        _rest?.Dispose();
        _rest = null;
        WatchWhatCanBeTaken();
        if (_draining)
        {
            DrainSoon();
        }
    }

    /// <summary>
    /// Accepts what is in the backlog of sockets that this process made, and then nothing more. The backlog of an
    /// inherited socket is left to those who share it.
    /// </summary>
    public void Drain()
    {
        _draining = true;
        foreach (Source source in _sources.ToArray())
        {
            if (source.Listener.IsInherited)
            {
                Close(source);
            }
            else
            {
                // Then nobody new can come by the file while the backlog is emptied.
                source.Listener.RemoveFile();
            }
        }

        DrainSoon();
        EndIfDone();
    }

    /// <summary>Accepts nothing more.</summary>
    public void Stop()
    {
        foreach (Source source in _sources.ToArray())
        {
            Close(source);
        }

        _rest?.Dispose();
        EndIfDone();
    }

    // An empty backlog causes no event: it is looked at until it says that it is empty.
    private void DrainSoon()
    {
        foreach (Source source in _sources)
        {
            loop.Post(_ => OnReady(source), null);
        }
    }

    private void OnReady(Source source)
    {
        for (int left = MaxPerTurn; left > 0 && source.IsOpen; left--)
        {
            if (!CanAccept)
            {
                // Whoever makes room, or the end of the rest, resumes.
                WatchWhatCanBeTaken();
                return;
            }

            Descriptor? socket = StreamSocket.TryAccept(source.Listener.Descriptor, _peer, out int errno);
            if (socket is not null)
            {
                Take(source, socket);
            }
            else if (!GoesOn(source, errno))
            {
                return;
            }
        }

        if (_draining && source.IsOpen)
        {
            loop.Post(_ => OnReady(source), null);
        }
    }

    private void Take(Source source, Descriptor socket)
    {
        if (_draining && ++source.Drained >= MaxDrained)
        {
            Close(source);
            EndIfDone();
        }

        bool fewLeft = DescriptorLimit.IsNear(socket, reserve());
        AcceptedConnection connection;
        try
        {
            connection = source.Labels.Read(socket, _peer);
        }
        catch (Exception e) when (e is LabelException or FlowerSocketException or SocketException)
        {
            socket.Dispose();
            log.Refused("a client", e.Message);
            return;
        }

        accepted(connection);
        if (fewLeft)
        {
            Pause($"{DescriptorLimit.Value} descriptors are nearly used up: raise ulimit -n");
        }
    }

    private bool GoesOn(Source source, int errno)
    {
        switch (AcceptErrors.Judge(errno))
        {
            case AcceptVerdict.Next:
                return true;
            case AcceptVerdict.Shortage:
                Pause(AcceptErrors.Explain(errno));
                return false;
            case AcceptVerdict.Empty when !_draining:
                return false;
            case AcceptVerdict.Gone when !_draining:
                log.Say($"{source.Listener.Name} does not listen any more: somebody has shut it down");
                break;
            default:
                break;
        }

        Close(source);
        EndIfDone();
        return false;
    }

    // Something ran out: the backlog is left alone for a while.
    private void Pause(string why)
    {
        if (_shortage.Begins(Environment.TickCount64))
        {
            log.Say($"{why}; trying again");
        }

        if (_rest is null)
        {
            _rest = loop.After(Rest, Resume);
            WatchWhatCanBeTaken();
        }
    }

    private void WatchWhatCanBeTaken()
    {
        Readiness interest = CanAccept ? Readiness.Read : Readiness.None;
        foreach (Source source in _sources)
        {
            source.Watch?.Change(interest);
        }
    }

    private void Close(Source source)
    {
        source.Watch?.Dispose();
        source.Watch = null;
        _sources.Remove(source);
        source.Listener.Dispose();
    }

    private void EndIfDone()
    {
        if (_sources.Count == 0)
        {
            _ended.TrySetResult();
        }
    }

    private sealed class Source(ListenSocket listener)
    {
        public ListenSocket Listener { get; } = listener;

        public AddressLabels Labels { get; } = new(listener);

        public EventLoop.Watch? Watch { get; set; }

        public int Drained { get; set; }

        public bool IsOpen => Watch is not null;
    }
}
