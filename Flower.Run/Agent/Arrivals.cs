// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Run.Network;

namespace Flower.Run.Agent;

/// <summary>
/// Accepts the connections whose first packet was answered, and brings each together with what waits for it. Owns what
/// waits, not the listeners. For the loop's thread alone.
/// </summary>
internal sealed class Arrivals : IDisposable
{
    private const int MaxPerTurn = 64;
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(100);

    private readonly EventLoop _loop;
    private readonly TimeSpan _limit;
    private readonly Dictionary<Flow, Waiting> _expected = [];
    private readonly List<EventLoop.Watch> _watches = [];
    private readonly SocketAddress _peer = StreamSocket.NewName();
    private readonly SocketAddress _own = StreamSocket.NewName();
    private IDisposable? _rest;

    /// <summary>Begins to accept.</summary>
    /// <param name="loop">Where.</param>
    /// <param name="listeners">Non-blocking; each connection's own address is its destination.</param>
    /// <param name="limit">How long somebody is expected.</param>
    public Arrivals(EventLoop loop, IReadOnlyList<Descriptor> listeners, TimeSpan limit)
    {
        _loop = loop;
        _limit = limit;
        foreach (Descriptor listener in listeners)
        {
            _watches.Add(loop.Add(listener, Readiness.Read, _ => Accept(listener)));
        }
    }

    /// <summary>Whether nobody is expected.</summary>
    public bool IsEmpty => _expected.Count == 0;

    /// <summary>Whether somebody is expected there.</summary>
    public bool IsExpected(Flow flow) => _expected.ContainsKey(flow);

    /// <summary>Waits for whoever wanted this. The arrival is owned here until it has come.</summary>
    public void Expect(Flow flow, Arrival arrival)
    {
        // One that has waited there all the time is another connection's, whose ends are free again.
        Miss(flow);
        _expected[flow] = new(arrival, _loop.After(_limit, () => Miss(flow)));
    }

    public void Dispose()
    {
        _watches.ForEach(watch => watch.Dispose());
        _rest?.Dispose();
        foreach (Flow flow in _expected.Keys.ToArray())
        {
            Miss(flow);
        }
    }

    private void Accept(Descriptor listener)
    {
        for (int left = MaxPerTurn; left > 0 && _rest is null; left--)
        {
            Descriptor? socket = StreamSocket.TryAccept(listener, _peer, out int errno);
            if (socket is not null)
            {
                Take(socket);
            }
            else if (errno == Errno.Again)
            {
                return;
            }
            else if (errno is Errno.MFile or Errno.NFile or Errno.NoBufs or Errno.NoMem)
            {
                Pause(errno);
            }
        }
    }

    private void Take(Descriptor socket)
    {
        StreamSocket.GetName(socket, _own);
        if (_expected.Remove(new(SocketNames.Read(_peer), SocketNames.Read(_own)), out Waiting found))
        {
            found.Limit.Dispose();
            found.Arrival.Arrived(socket);
        }
        else
        {
            // Nobody waits for it any more.
            ConnectedSocket.ResetOnClose(socket);
            socket.Dispose();
        }
    }

    // They wait in the backlog.
    private void Pause(int errno)
    {
        AgentLog.Say($"cannot take a connection ({Errno.NameOf(errno)}); trying again");
        _watches.ForEach(watch => watch.Change(Readiness.None));
        _rest = _loop.After(Rest, () =>
        {
            _rest = null;
            _watches.ForEach(watch => watch.Change(Readiness.Read));
        });
    }

    private void Miss(Flow flow)
    {
        if (_expected.Remove(flow, out Waiting missed))
        {
            missed.Limit.Dispose();
            missed.Arrival.Connection.Dispose();
            missed.Arrival.Missed();
        }
    }

    private readonly record struct Waiting(Arrival Arrival, IDisposable Limit);
}
