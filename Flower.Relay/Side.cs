// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Relay;

/// <summary>
/// One socket of a relay, which it owns, and what is known of its readiness. It is watched edge-triggered: a socket
/// that stays hung up, half-closed or full costs nothing until that changes. For the loop's thread alone.
/// </summary>
internal sealed class Side : IDisposable
{
    private const Readiness Always = Readiness.Read | Readiness.PeerClosed | Readiness.Urgent | Readiness.Edge;
    private const Readiness Ended = Readiness.HangUp | Readiness.Error;

    private EventLoop.Watch? _watch;
    private bool _isExhaustive;

    public Side(Descriptor socket)
    {
        Socket = socket;
        // One thread relays for all.
        socket.ClosesElsewhere = true;
    }

    public Descriptor Socket { get; }

    /// <summary>A receive may bring something. It is tried at first.</summary>
    public bool CanReceive { get; private set; } = true;

    /// <summary>A send may be taken.</summary>
    public bool CanSend { get; private set; } = true;

    /// <summary>Nothing that is sent can arrive any more.</summary>
    public bool IsGone { get; private set; }

    public void Watch(EventLoop loop, Action<Readiness> handler) => _watch = loop.Add(Socket, Always, handler);

    public void Note(Readiness ready)
    {
        const Readiness receive = Readiness.Read | Readiness.PeerClosed | Readiness.Urgent | Ended;
        CanReceive |= (ready & receive) != 0;
        CanSend |= (ready & (Readiness.Write | Ended)) != 0;
        IsGone |= (ready & Readiness.HangUp) != 0;
        // From here on a receive that does not fill the buffer has not emptied the socket: the end, an error or what
        // follows an urgent byte may come after it, and no new edge would tell.
        _isExhaustive |= (ready & ~(Readiness.Read | Readiness.Write)) != 0;
    }

    /// <summary>A receive brought less than it could have: it need not be tried again before the next edge.</summary>
    public void NoteShortReceive() => CanReceive = _isExhaustive;

    /// <summary>A receive found nothing.</summary>
    public void NoteEmpty() => CanReceive = false;

    /// <summary>Something else told that the socket has news.</summary>
    public void TryReceiving() => CanReceive = true;

    /// <summary>
    /// A send found no room. Only from then on is room watched for: a Unix socket tells of it after every receive.
    /// </summary>
    public void NoteFull()
    {
        CanSend = false;
        _watch?.Change(Always | Readiness.Write);
    }

    /// <summary>Ends the watch, then the socket.</summary>
    public void Dispose()
    {
        _watch?.Dispose();
        Socket.Dispose();
    }
}
