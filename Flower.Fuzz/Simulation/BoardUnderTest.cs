// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.State;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Fuzz.Simulation;

/// <summary>
/// The board and its sessions, all as the daemon has them but for the doors: what comes by a path comes by
/// <see cref="Accept"/>. On its loop.
/// </summary>
internal sealed class BoardUnderTest : IDisposable
{
    private readonly EventLoop _loop;
    private readonly ILogger _logger;
    private HandleNode _root;
    private readonly List<HandleNode> _nodes = [];

    public BoardUnderTest(EventLoop loop, ILogger logger, QuotaLimits perHandle)
    {
        _loop = loop;
        _logger = logger;
        PerHandle = perHandle;
        Connections = new RevocableConnections(loop);
        Board = new Board(logger, new DeadlineQueue(loop, AcceptDeadline), Connections, new Random(1))
        {
            QuestionDeadlines = new DeadlineQueue(loop, AcceptDeadline),
            AttemptDelays = new DeadlineQueue(loop, AcceptDeadline / 8),
        };
        Board.Handles.Quotas.Events = Board.Events;
        Board.Handles.Quotas.Use(QuotaLimits.None, perHandle);
        Server = new SessionServer(loop, logger);
        ServedMethods.AddTo(Server.Methods, new SwitchboardService(Board, logger));
        _root = new HandleNode(
            Board.Handles, Handle.CreateRoot(Rights.Every, LabelSet.Empty, LabelSet.Empty, Board.Handles.NextId()), null, Maker,
            since: 0);
    }

    public static TimeSpan AcceptDeadline { get; } = TimeSpan.FromSeconds(2);

    public static Credentials Maker { get; } =
        new() { Pid = Environment.ProcessId, Uid = 12345, Gid = 12345 };

    public QuotaLimits PerHandle { get; }

    public Board Board { get; }

    public RevocableConnections Connections { get; }

    public SessionServer Server { get; }

    /// <summary>A session over a handle of its own, which was made from one that all have in common.</summary>
    /// <returns>The number of the handle.</returns>
    public ulong Accept(Descriptor socket)
    {
        HandleNode node = Board.Constrain(
            new Caller(_root, Maker), new ConstrainRequest { Rights = { Rights.Every.ToMessage() } });
        _nodes.Add(node);
        Server.ServeOne(socket, node);
        return node.Handle.Id;
    }

    /// <summary>Takes a handle back, as whoever oversees all of them can.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Revoke(ulong id)
    {
        try
        {
            Board.Revoke(new Caller(_root, Maker), new RevokeRequest { HandleId = id });
            return true;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            return false;
        }
    }

    /// <summary>What a revoked handle still has, which must be nothing; null: nothing.</summary>
    public string? LeftOfRevoked()
    {
        foreach (HandleNode node in _nodes.Where(node => node.IsRevoked))
        {
            int sessions = node.Sessions.Count();
            if (sessions + node.Targets.Count > 0 || Board.Handles.Find(node.Handle.Id) is not null)
            {
                return $"handle {node.Handle.Id} is revoked, and has {sessions} sessions and {node.Targets.Count} targets";
            }

            if (Connections.All.Items.FirstOrDefault(c => c.Client == node || c.Target == node) is RevocableConnection held)
            {
                return $"handle {node.Handle.Id} is revoked, and its connection {held.Id} is held";
            }
        }

        return null;
    }

    /// <summary>Takes notice of the handles that are live, to be asked later whether anything is left of them.</summary>
    public void Remember() => _nodes.AddRange(Board.Handles.Nodes.Except(_nodes).ToArray());

    /// <summary>What is left when nobody is there any more; empty: nothing.</summary>
    public IEnumerable<string> Leftovers()
    {
        (string What, long Count)[] counts =
        [
            ("sessions", Server.SessionCount),
            ("targets", Board.TargetCount),
            ("waiting requests", Board.WaitingCount),
            ("pending calls", Board.Events.Counters.Pending),
            ("live handles", Board.Handles.Nodes.Count),
            ("held connections", Connections.All.Count),
        ];
        foreach ((string what, long count) in counts.Where(c => c.Count != 0))
        {
            yield return $"{count} {what}";
        }

        foreach (HandleNode node in _nodes)
        {
            foreach (QuotaKind kind in Enum.GetValues<QuotaKind>())
            {
                if (!QuotaTable.IsRate(kind) && node.Budget is Budget budget && budget[kind] != 0)
                {
                    yield return $"{budget[kind]} of quota {kind} of {budget.Name}";
                }
            }
        }
    }

    /// <summary>The state as another process would get it, in bytes and descriptors. It is paused.</summary>
    public byte[] Save(DescriptorTable descriptors)
    {
        Board.IsHandedOver = true;
        return BoardSaver.Save(Board, Server, descriptors).ToByteArray();
    }

    /// <summary>Another board on the same loop, which goes on with a state. It is paused.</summary>
    public BoardUnderTest GoOn(byte[] state, IEnumerable<Descriptor> descriptors)
    {
        var next = new BoardUnderTest(_loop, _logger, PerHandle);
        using var table = new DescriptorTable(descriptors);
        BoardRestorer.Restore(BoardState.Parser.ParseFrom(state), table, next.Board, next.Server);
        next._root = next.Board.Handles.Nodes.FirstOrDefault(node => node.Parent is null) ?? next._root;
        return next;
    }

    public void Dispose()
    {
        Server.Dispose();
        Board.Events.Stop();
        Connections.Dispose();
    }
}
