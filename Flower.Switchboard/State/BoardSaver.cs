// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Server;
using Flower.Rpc.State;
using Flower.Switchboard.Sessions;

namespace Flower.Switchboard.State;

/// <summary>Writes all that a paused switchboard knows into one message. On the loop; changes nothing.</summary>
internal static class BoardSaver
{
    /// <summary>The version of the format.</summary>
    public const uint Version = 1;

    /// <summary>The state, whose descriptors are duplicated into the table.</summary>
    /// <exception cref="Rpc.FlowerSocketException">EMFILE.</exception>
    public static BoardState Save(Board board, SessionServer server, DescriptorTable descriptors)
    {
        var state = new BoardState { Version = Version };
        var numbers = new HandleNumbers(state.Handles.Add, state.Nodes.Add);
        foreach (HandleNode node in board.Handles.Nodes)
        {
            numbers.Of(node);
        }

        state.Sessions.AddRange(server.Save(descriptors, authority => numbers.Of((HandleNode)authority)));
        state.Connections.AddRange(board.Connections.Save(descriptors, numbers.Of));
        LiveConnectionStates.Save(board.Live, state, numbers);
        state.LastHandleId = board.Handles.LastId;
        state.LastConnectionId = board.LastConnectionId;
        state.LastRegistration = board.LastRegistration;
        state.LastTap = board.Taps.LastId;
        state.LastEvent = board.Events.LastSequence;
        return state;
    }
}
