// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Grpc.Core;

namespace Flower.Fuzz.Simulation;

/// <summary>
/// The connections as their sides were told of them. Each has one client and one target, whose sockets lead to each other and
/// to nobody else; or, if it is tapped, both to one tap.
/// </summary>
internal sealed partial class ConnectionBook
{
    private readonly Dictionary<ulong, ConnectionSides> _all = [];
    private readonly HashSet<ulong> _refused = [];

    /// <summary>How many have had both sides.</summary>
    public int Made { get; private set; }

    /// <summary>How many of them were tapped.</summary>
    public int Tapped { get; private set; }

    /// <summary>The number that both sides are told.</summary>
    public static ulong IdOf(IEnumerable<Label> labels) => ulong.Parse(
        labels.Single(label => label.Key == "flower.connection_id").Value, CultureInfo.InvariantCulture);

    /// <summary>Whether they say that it is tapped.</summary>
    public static bool IsTapped(IEnumerable<Label> labels) => labels.Any(label => label.Key == "flower.tapped");

    /// <summary>A client has it.</summary>
    /// <param name="labels">What it was told.</param>
    /// <param name="call">How it asked for it.</param>
    /// <param name="socket">Its socket.</param>
    public void OfClient(IReadOnlyCollection<Label> labels, IConnectCall call, Descriptor socket)
    {
        ulong id = IdOf(labels);
        ConnectionSides sides = Of(id);
        BrokenException.Unless(sides.Client is null, $"connection {id} has two clients");
        BrokenException.Unless(
            sides.Offered is null || sides.Offered == call.Number, $"connection {id} was another client's");
        sides.Client = (call, socket);
        sides.Tag = RegisteredCall.TagOf(key => labels.FirstOrDefault(label => label.Key == key)?.Value);
        sides.IsRevocable = labels.Any(label => label.Key == "flower.revocable");
        sides.SayTapped(id, IsTapped(labels));
        Join(id, sides, isNew: sides.Target is not null);
    }

    /// <summary>A target has its socket, or has sent it.</summary>
    /// <param name="offer">What it was offered.</param>
    /// <param name="of">Who has it.</param>
    /// <param name="socket">Its socket.</param>
    /// <param name="isCertain">The target has accepted it, and the board has said so.</param>
    public void OfTarget(HeardOffer offer, TargetCall of, Descriptor socket, bool isCertain)
    {
        ulong id = offer.Connection;
        ConnectionSides sides = Of(id);
        BrokenException.Unless(sides.Target is null, $"connection {id} has two targets");
        sides.Target = (of, socket);
        sides.Offered = offer.Client;
        sides.IsCertain = isCertain;
        sides.SayTapped(id, offer.IsTapped);
        CheckRefused(id, sides);
        Join(id, sides, isNew: sides.Client is not null);
    }

    /// <summary>A tap has it.</summary>
    public void OfTap(ulong id, Descriptor clientSide, Descriptor targetSide)
    {
        ConnectionSides sides = Of(id);
        BrokenException.Unless(sides.Tap is null, $"connection {id} has two taps");
        sides.Tap = (clientSide, targetSide);
        sides.SayTapped(id, isTapped: true);
        Tapped++;
        Join(id, sides, isNew: false);
    }

    /// <summary>A client was told that it has none.</summary>
    public void Refused(IConnectCall call, StatusCode code)
    {
        // What it gave up, or what took too long, may have been made all the same.
        if (code is StatusCode.Cancelled or StatusCode.DeadlineExceeded)
        {
            return;
        }

        _refused.Add(call.Number);
        foreach ((ulong id, ConnectionSides sides) in _all)
        {
            CheckRefused(id, sides);
        }
    }

    /// <summary>One that can be taken back, or could be; 0: there is none.</summary>
    public ulong AnyRevocable(Choices choices)
    {
        ulong[] all = [.. _all.Where(pair => pair.Value.IsRevocable).Select(pair => pair.Key)];
        return all.Length == 0 ? 0 : all[choices.Next(all.Length)];
    }

    /// <summary>The handle of either side of one that can be taken back; null: there is none.</summary>
    public KnownHandle? AnyHandle(Choices choices)
    {
        if (!_all.TryGetValue(AnyRevocable(choices), out ConnectionSides? sides))
        {
            return null;
        }

        return choices.OneIn(2) ? sides.Client?.Call.Peer.Handle : sides.Target?.Of.Peer.Handle;
    }

    /// <summary>It was taken back by its number.</summary>
    /// <param name="id">The number.</param>
    /// <param name="by">The handle over which it was.</param>
    public void OnRevoked(ulong id, KnownHandle by)
    {
        ConnectionSides sides = Of(id);
        BrokenException.Unless(
            sides is { IsRevocable: true } && (IsOf(sides.Client?.Call.Peer.Handle) || IsOf(sides.Target?.Of.Peer.Handle)),
            $"connection {id} was taken back by one who has nothing to do with it");
        sides.IsTakenBack = true;

        // What is not known may be so.
        bool IsOf(KnownHandle? handle) => handle is null || handle == by || handle.IsUnder(by);
    }

    private ConnectionSides Of(ulong id)
    {
        if (!_all.TryGetValue(id, out ConnectionSides? sides))
        {
            sides = new ConnectionSides();
            _all.Add(id, sides);
        }

        return sides;
    }

    // A tap that dies when the target has accepted ends the connection all the same: see CheckEnds.
    private void CheckRefused(ulong id, ConnectionSides sides) => BrokenException.Unless(
        !sides.IsCertain || sides.IsTapped == true || !_refused.Contains(sides.Offered ?? 0),
        $"connection {id} was delivered to its target, and its client was told that there is none");

    private void Join(ulong id, ConnectionSides sides, bool isNew)
    {
        if (sides is not { Client: { } client, Target: { } target })
        {
            return;
        }

        Made += isNew ? 1 : 0;
        BrokenException.Unless(sides.Offered == client.Call.Number, $"connection {id} was another client's");
        if (IsOver(client.Socket) || IsOver(target.Socket) || (sides.IsTapped == true && !sides.IsRelayed))
        {
            return;
        }

        if (sides.Tap is { } tap)
        {
            CheckLeads(id, client.Socket, tap.ClientSide, "the client", "its tap");
            CheckLeads(id, tap.TargetSide, target.Socket, "the tap", "its target");
        }
        else
        {
            CheckLeads(id, client.Socket, target.Socket, "the client", "its target");
        }
    }

    // Whether that is as it should be, CheckEnds says.
    private static bool IsOver(Descriptor socket) => socket.IsClosed || UnixSocket.IsHungUp(socket);

    private static void CheckLeads(ulong id, Descriptor from, Descriptor to, string who, string whom)
    {
        Span<byte> heard = stackalloc byte[16];
        byte[] said = BitConverter.GetBytes(id);
        BrokenException.Unless(ConnectedSocket.Send(from, said) == said.Length, $"connection {id} takes nothing of {who}");
        int count = ConnectedSocket.Receive(to, heard);
        BrokenException.Unless(
            count == said.Length && heard[..count].SequenceEqual(said),
            $"what {who} of connection {id} says does not reach {whom}");
    }
}
