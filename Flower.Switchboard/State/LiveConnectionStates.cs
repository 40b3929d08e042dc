// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Switchboard.Sessions.Live;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.State;

/// <summary>The connections of a board in its state. Many refer to the same label sets, each of which is written once.</summary>
internal static class LiveConnectionStates
{
    /// <summary>Writes them.</summary>
    public static void Save(LiveConnections connections, BoardState state, HandleNumbers handles)
    {
        // Most are the same objects, which need not be compared.
        var numbers = new Dictionary<LabelSet, uint>(ReferenceEqualityComparer.Instance);
        var numbersOfEqual = new Dictionary<LabelSet, uint>();
        foreach (ConnectionRecord connection in connections.All)
        {
            state.Live.Add(new LiveConnectionState
            {
                Id = connection.Id,
                Sequence = connection.Sequence,
                Kind = connection.Kind,
                SocketCookie = connection.Socket.Cookie,
                NetworkCookie = connection.Socket.Network,
                Since = connection.Since,
                Client = Save(connection.Client),
                Target = Save(connection.Target),
            });
        }

        LiveSideState Save(LiveSide side) => new()
        {
            Handle = handles.Of(side.Handle),
            Labels = Number(side.Labels),
            Attested = Number(side.Attested),
            Pid = side.Pid,
            Uid = side.Uid,
            TopUid = side.TopUid,
        };

        uint Number(LabelSet labels)
        {
            if (numbers.TryGetValue(labels, out uint number))
            {
                return number;
            }

            if (!numbersOfEqual.TryGetValue(labels, out number))
            {
                state.LiveLabels.Add(labels.ToMessage());
                numbersOfEqual.Add(labels, number = (uint)state.LiveLabels.Count);
            }

            numbers.Add(labels, number);
            return number;
        }
    }

    /// <summary>Reads them.</summary>
    /// <exception cref="InvalidDataException">The state is not whole.</exception>
    public static void Restore(BoardState state, LiveConnections connections, Func<ulong, Handle> handle)
    {
        LabelSet[] sets;
        try
        {
            sets = [.. state.LiveLabels.Select(Read)];
        }
        catch (LabelException e)
        {
            throw new InvalidDataException($"a connection with labels that break a rule: {e.Message}", e);
        }

        foreach (LiveConnectionState connection in state.Live)
        {
            connections.Restore(ConnectionRecord.Restore(
                connection, Read(connection.Client, sets, handle), Read(connection.Target, sets, handle)));
        }
    }

    /// <summary>Reads a label set. What a side states and what the switchboard adds may be more than one side may state.</summary>
    /// <exception cref="LabelException">The labels break a rule.</exception>
    public static LabelSet Read(Protocol.V1.Labels? labels) => labels is null
        ? LabelSet.Empty
        : LabelSet.Create(labels.Labels_.Select(label => KeyValuePair.Create(label.Key, label.Value)))
            .Merge(LabelSet.Create([], labels.RequiredKeys), out _);

    private static LiveSide Read(LiveSideState? side, LabelSet[] sets, Func<ulong, Handle> handle) => side is null
        ? throw new InvalidDataException("a connection that has one side")
        : new(
            handle(side.Handle), At(sets, side.Labels), At(sets, side.Attested), side.Pid, side.Uid, side.TopUid);

    private static LabelSet At(LabelSet[] sets, uint number) => number >= 1 && number <= sets.Length
        ? sets[number - 1]
        : throw new InvalidDataException($"the state names label set {number} of {sets.Length}");
}
