// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Grpc.Core;

namespace Flower.Fuzz.Simulation;

/// <summary>
/// The connections as both of their sides were told of them. Each has one client and one target, whose sockets lead to each
/// other and to nobody else.
/// </summary>
internal sealed class ConnectionBook
{
    private readonly Dictionary<ulong, Sides> _all = [];
    private readonly HashSet<ulong> _refused = [];

    /// <summary>How many have had both sides.</summary>
    public int Made { get; private set; }

    /// <summary>The number that both sides are told.</summary>
    public static ulong IdOf(IEnumerable<Label> labels) => ulong.Parse(
        labels.Single(label => label.Key == "flower.connection_id").Value, CultureInfo.InvariantCulture);

    /// <summary>A client has it.</summary>
    /// <param name="labels">What it was told.</param>
    /// <param name="call">How it asked for it.</param>
    /// <param name="socket">Its socket.</param>
    public void OfClient(IReadOnlyCollection<Label> labels, IConnectCall call, Descriptor socket)
    {
        ulong id = IdOf(labels);
        Sides sides = Of(id);
        BrokenException.Unless(sides.Client is null, $"connection {id} has two clients");
        BrokenException.Unless(
            sides.Offered is null || sides.Offered == call.Number, $"connection {id} was another client's");
        sides.Client = (call, socket);
        sides.Tag = labels.Single(label => label.Key == TargetCall.Tag).Value;
        Join(id, sides);
    }

    /// <summary>A target has its socket, or has sent it.</summary>
    /// <param name="id">Of the connection.</param>
    /// <param name="of">Who has it.</param>
    /// <param name="client">The number of the call that asked for it, as the target was told.</param>
    /// <param name="socket">Its socket.</param>
    /// <param name="isCertain">The target has accepted it, and the board has said so.</param>
    public void OfTarget(ulong id, TargetCall of, ulong client, Descriptor socket, bool isCertain)
    {
        Sides sides = Of(id);
        BrokenException.Unless(sides.Target is null, $"connection {id} has two targets");
        sides.Target = (of, socket);
        sides.Offered = client;
        sides.IsCertain = isCertain;
        CheckRefused(id, sides);
        Join(id, sides);
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
        foreach ((ulong id, Sides sides) in _all)
        {
            CheckRefused(id, sides);
        }
    }

    /// <summary>Looks for clients whose target never heard of the connection, though it is there and has read everything.</summary>
    /// <param name="isThere">Whether the target with a tag is.</param>
    public void CheckWhole(Func<string, bool> isThere)
    {
        foreach ((ulong id, Sides sides) in _all)
        {
            BrokenException.Unless(
                sides.Client is null || sides.Target is not null || !isThere(sides.Tag),
                $"connection {id} has a client, and target {sides.Tag} does not know");
        }
    }

    private Sides Of(ulong id)
    {
        if (!_all.TryGetValue(id, out Sides? sides))
        {
            sides = new Sides();
            _all.Add(id, sides);
        }

        return sides;
    }

    private void CheckRefused(ulong id, Sides sides) => BrokenException.Unless(
        !sides.IsCertain || !_refused.Contains(sides.Offered ?? 0),
        $"connection {id} was delivered to its target, and its client was told that there is none");

    private void Join(ulong id, Sides sides)
    {
        if (sides is not { Client: { } client, Target: { } target })
        {
            return;
        }

        Made++;
        BrokenException.Unless(sides.Offered == client.Call.Number, $"connection {id} was another client's");
        if (client.Socket.IsClosed || target.Socket.IsClosed)
        {
            return;
        }

        Span<byte> heard = stackalloc byte[16];
        byte[] said = BitConverter.GetBytes(id);
        BrokenException.Unless(ConnectedSocket.Send(client.Socket, said) == said.Length, $"connection {id} takes nothing");
        int count = ConnectedSocket.Receive(target.Socket, heard);
        BrokenException.Unless(
            count == said.Length && heard[..count].SequenceEqual(said),
            $"what the client of connection {id} says does not reach its target");
    }

    private sealed class Sides
    {
        public (IConnectCall Call, Descriptor Socket)? Client { get; set; }

        public (TargetCall Of, Descriptor Socket)? Target { get; set; }

        public ulong? Offered { get; set; }

        public bool IsCertain { get; set; }

        public string Tag { get; set; } = "";
    }
}
