// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions.Live;

/// <summary>
/// What a caller sees of the connections: those that are its own or come from its handle; and with the right LIST, those
/// whose labels it may see, between targets that it may list. On the loop.
/// </summary>
internal sealed class ConnectionView
{
    private readonly Board _board;
    private readonly Caller _caller;
    private readonly HandleScope _scope;
    private readonly bool _revocableOnly;
    private readonly ConnectionFilter _given;

    // With the right LIST: what both sides must agree with, and what List asks of targets; null: without.
    private readonly ConnectionFilter? _visible;
    private readonly LabelSet _listed = LabelSet.Empty;

    /// <summary>For one call.</summary>
    /// <exception cref="Grpc.Core.RpcException">The labels break a rule or contradict the handle's.</exception>
    public ConnectionView(Board board, Caller caller, ConnectionsRequest request)
    {
        _board = board;
        _caller = caller;
        _scope = new HandleScope(caller.Node);
        _revocableOnly = request.RevocableOnly;
        LabelSet given = Stating.Read(request.Labels);
        _given = new(given);
        if ((caller.Handle.Rights & Rights.List) != 0 && !_revocableOnly)
        {
            _visible = new(Stating.OutLabels(caller.Handle, given));

            // Of what is asked for either side may state a key; what the handle requires List wants of the target.
            _listed = Listing.FilterOf(caller, null);
        }
    }

    /// <summary>A connection as the caller sees it; null: not at all.</summary>
    public Protocol.V1.LiveConnection? Show(ConnectionRecord connection)
    {
        LiveSide client = connection.Client;
        bool mayRevoke = _scope.Covers(client, connection.Target);
        bool isRevocable = mayRevoke && _board.Connections.All.Find(connection.Id) is { IsMade: true };
        return (mayRevoke && (isRevocable || !_revocableOnly) && Fits(client, connection.Target, _given))
            || IsListed(client, connection.Target)
            ? Describe(connection, client, isRevocable)
            : null;
    }

    private static bool Fits(LiveSide client, LiveSide target, ConnectionFilter filter) =>
        filter.Fits(client.Labels, client.Attested, target.Labels, target.Attested);

    private static ProcessCredentials ProcessOf(LiveSide side) => new() { Pid = side.Pid, Uid = side.Uid };

    private bool IsListed(LiveSide client, LiveSide target) =>
        _visible is not null && Fits(client, target, _visible)
        && TargetDirectory<Target>.IsListed(target.Labels.Merge(target.Attested, out _), _listed);

    private Protocol.V1.LiveConnection Describe(ConnectionRecord connection, LiveSide client, bool isRevocable) => new()
    {
        Id = connection.Id,
        ClientHandle = client.Handle.Id,
        TargetHandle = connection.Target.Handle.Id,
        Client = ProcessOf(client),
        Target = ProcessOf(connection.Target),
        AgeMs = (ulong)Math.Max(0, Environment.TickCount64 - connection.Since),
        ClientLabels = { LabelsOf(client, LabelSide.Out) },
        TargetLabels = { LabelsOf(connection.Target, LabelSide.In) },
        Kind = connection.Kind,
        Revocable = isRevocable,
        SocketCookie = connection.Socket.Cookie,
        NetworkCookie = connection.Socket.Network,
    };

    private IReadOnlyList<Label> LabelsOf(LiveSide side, LabelSide which) => Provenance.ForReceiver(
        side.Attested, new Party(_caller.Handle, LabelSide.Out, LabelSet.Empty), new Party(side.Handle, which, side.Labels));
}
