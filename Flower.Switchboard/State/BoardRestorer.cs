// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Rpc.State;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Google.Protobuf;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.State;

/// <summary>Puts what another process saved into an empty board. On the loop; the sessions are paused afterwards.</summary>
internal sealed class BoardRestorer
{
    private readonly Board _board;
    private readonly List<Handle> _handles = [];
    private readonly List<HandleNode> _nodes = [];

    private BoardRestorer(Board board) => _board = board;

    /// <summary>Restores.</summary>
    /// <exception cref="InvalidDataException">The state is of another version, or not whole.</exception>
    public static void Restore(BoardState state, DescriptorTable descriptors, Board board, SessionServer server)
    {
        if (state.Version != BoardSaver.Version)
        {
            throw new InvalidDataException(
                $"the state is of version {state.Version}, and this program knows version {BoardSaver.Version}");
        }

        var restorer = new BoardRestorer(board);
        board.Handles.LastId = state.LastHandleId;
        board.LastConnectionId = state.LastConnectionId;
        board.Taps.LastId = state.LastTap;
        board.Events.LastSequence = state.LastEvent;
        foreach (HandleState handle in state.Handles)
        {
            restorer.Add(handle);
        }

        foreach (NodeState node in state.Nodes)
        {
            restorer.Add(node);
        }

        foreach (RevocableState connection in state.Connections)
        {
            board.Connections.Restore(connection, descriptors, number => At(restorer._nodes, number));
        }

        LiveConnectionStates.Restore(state, board.Live, number => At(restorer._handles, number));
        server.Restore(
            state.Sessions, descriptors, number => At(restorer._nodes, number), call => (ulong)OrderOf(call));
        board.LastRegistration = state.LastRegistration;
    }

    // Registrations first and as they were made; then who taps; then who waits for what these answer, or is to be tapped.
    private static long OrderOf(CallState call)
    {
        if (call.Checkpoint.IsEmpty)
        {
            return long.MaxValue;
        }

        try
        {
            return call.Start.Method[(call.Start.Method.LastIndexOf('/') + 1)..] switch
            {
                "ServerStart" or "EgressStart" => TargetState.Parser.ParseFrom(call.Checkpoint).Registration,
                "ResolverStart" => ResolverState.Parser.ParseFrom(call.Checkpoint).Registration,
                "TapStart" => long.MaxValue - 1,
                _ => long.MaxValue,
            };
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new InvalidDataException("a registration that is malformed", e);
        }
    }

    private static T At<T>(List<T> list, ulong number) => number >= 1 && number <= (ulong)list.Count
        ? list[(int)number - 1]
        : throw new InvalidDataException($"the state names entry {number} of {list.Count}");

    private void Add(HandleState state)
    {
        if (!RightsMessage.TryRead(state.Rights, out Rights rights))
        {
            throw new InvalidDataException("a right that this program does not know");
        }

        try
        {
            _handles.Add(Handle.Restore(
                state.Id,
                state.Parent == 0 ? null : At(_handles, state.Parent),
                rights,
                LabelSet.FromMessage(state.InLabels),
                LabelSet.FromMessage(state.OutLabels)));
        }
        catch (LabelException e)
        {
            throw new InvalidDataException($"a handle with labels that break a rule: {e.Message}", e);
        }
    }

    private void Add(NodeState state) => _nodes.Add(new HandleNode(
        _board.Handles,
        At(_handles, state.Handle),
        state.Parent == 0 ? null : At(_nodes, state.Parent),
        new Credentials { Pid = state.Pid, Uid = state.Uid, Gid = state.Gid },
        state.Since));
}
