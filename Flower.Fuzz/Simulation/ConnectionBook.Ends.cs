// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

namespace Flower.Fuzz.Simulation;

/// <content>Which connections are open, and which are not, once nothing is on its way.</content>
internal sealed partial class ConnectionBook
{
    /// <summary>
    /// A connection ends with either side, with its tap, and when it was taken back, and never otherwise; and no target holds a
    /// socket that leads to nobody as if it led to somebody.
    /// </summary>
    /// <param name="call">The connect with a number.</param>
    /// <param name="tapsLost">How many taps have ended otherwise than in order.</param>
    /// <param name="isToldAll">Each tap is looked at.</param>
    public void CheckEnds(Func<ulong, IConnectCall> call, int tapsLost, bool isToldAll)
    {
        foreach ((ulong id, ConnectionSides sides) in _all)
        {
            if (!isToldAll && sides is { IsTapped: true, Tap: null })
            {
                continue;
            }

            BrokenException.Unless(
                tapsLost > 0 || sides is not { IsTapped: true, Client: not null, Tap: null },
                $"connection {id} was promised to a tap, which never had it");
            if (sides is { Client: { } client, Target: { } target })
            {
                CheckBoth(id, sides, client.Call is PushCall, client.Socket, target.Socket);
            }
            else if (sides is { Client: null, Target: { } half, Offered: ulong number })
            {
                CheckHalf(id, sides, call(number), half.Socket);
            }
        }
    }

    /// <summary>Looks for clients whose target never heard of the connection, though it is there and has read everything.</summary>
    /// <param name="isThere">Whether the target with a tag is.</param>
    public void CheckWhole(Func<string, bool> isThere)
    {
        foreach ((ulong id, ConnectionSides sides) in _all)
        {
            BrokenException.Unless(
                sides.Client is null || sides.Target is not null || !isThere(sides.Tag),
                $"connection {id} has a client, and target {sides.Tag} does not know");
        }
    }

    private static void CheckBoth(ulong id, ConnectionSides sides, bool isPushed, Descriptor client, Descriptor target)
    {
        bool isTapped = sides.IsTapped == true;
        // The board holds the client's end of a pair, and the server's of what was pushed; what a tap relays, it has to end.
        bool clientMust = isTapped ? !sides.IsRelayed || (sides.IsRevoked && !isPushed) : target.IsClosed || sides.IsRevoked;
        bool targetMust = isTapped ? !sides.IsRelayed || (sides.IsRevoked && isPushed) : client.IsClosed || sides.IsRevoked;
        // Until the process has ended whose end it is, which is this one, nobody sees that he has closed it.
        bool isHeld = sides is { IsRevocable: true, IsRevoked: false } && !isTapped;
        if (!(isHeld && isPushed && target.IsClosed))
        {
            Check(id, "client", client, clientMust);
        }

        if (!(isHeld && !isPushed && client.IsClosed))
        {
            Check(id, "target", target, targetMust);
        }
    }

    // Its client has none, and will have none.
    private static void CheckHalf(ulong id, ConnectionSides sides, IConnectCall call, Descriptor target)
    {
        bool isPushed = call is PushCall;
        // A pushed socket is the server's from when it was sent, whatever its ingress is told. And who died before he read that
        // he has one that can be taken back, has one.
        if (!call.HasEnded || call.Peer.IsOutlaw || (call.IsRevocable && call.Peer.IsDead)
            || (isPushed && (sides.IsTapped != true || sides.IsRelayed)))
        {
            return;
        }

        if (sides is { IsRelayed: true, Tap: { } tap })
        {
            Check(id, "tap", tap.ClientSide, mustHaveEnded: true);
            return;
        }

        Check(id, "target", target, mustHaveEnded: true);
    }

    private static void Check(ulong id, string whose, Descriptor socket, bool mustHaveEnded)
    {
        if (!socket.IsClosed)
        {
            BrokenException.Unless(
                UnixSocket.IsHungUp(socket) == mustHaveEnded,
                $"the {whose}'s end of connection {id} is {(mustHaveEnded ? "open, and must not be" : "at its end, and need not be")}");
        }
    }
}
