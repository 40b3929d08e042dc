// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Flower.Switchboard.State;
using Google.Protobuf;

namespace Flower.Switchboard.Hosting.Replacement;

/// <summary>How the state and its descriptors travel: the descriptors in acknowledged batches, the state in a file in memory.</summary>
internal static class StateTransfer
{
    // Below the 253 of one packet, and few enough that they never count as too many in flight (ETOOMANYREFS).
    private const int BatchSize = 128;

    /// <summary>Sends a state. Its descriptors are closed as they arrive there.</summary>
    /// <exception cref="IOException">The other side gave up.</exception>
    public static void Send(ControlChannel channel, BoardState state, DescriptorTable descriptors)
    {
        foreach (uint[] numbers in Enumerable.Range(1, descriptors.Descriptors.Count).Select(n => (uint)n).Chunk(BatchSize))
        {
            List<Descriptor> batch = descriptors.TakeAll(numbers)!;
            try
            {
                channel.Send(new ControlMessage { Batch = new Batch { Count = (uint)batch.Count } }, batch);
                channel.Receive(ControlMessage.KindOneofCase.Acknowledgement);
            }
            finally
            {
                batch.ForEach(descriptor => descriptor.Dispose());
            }
        }

        using Descriptor file = MemoryFile.Create("flower-state");
        using (FileStream stream = MemoryFile.Open(file))
        {
            state.WriteTo(stream);
            stream.Flush();
            channel.Send(new ControlMessage { State = new StateFile { Length = (ulong)stream.Length } }, [file]);
        }
    }

    /// <summary>Receives a state and its descriptors, which the caller owns.</summary>
    /// <exception cref="IOException">The other side gave up, or sent what is no state.</exception>
    public static (BoardState State, DescriptorTable Descriptors) Receive(ControlChannel channel)
    {
        var all = new List<Descriptor>();
        try
        {
            while (true)
            {
                (ControlMessage message, IReadOnlyList<Descriptor> descriptors) = channel.Receive(
                    ControlMessage.KindOneofCase.Batch, ControlMessage.KindOneofCase.State);
                if (message.State is null)
                {
                    all.AddRange(descriptors);
                    channel.Send(new ControlMessage { Acknowledgement = new Acknowledgement() });
                    continue;
                }

                using Descriptor file = descriptors.Count == 1
                    ? descriptors[0]
                    : throw new IOException("the state did not come in one file");
                using FileStream stream = MemoryFile.Open(file);
                return (BoardState.Parser.ParseFrom(stream), new DescriptorTable(all));
            }
        }
        catch (Exception e)
        {
            all.ForEach(descriptor => descriptor.Dispose());
            throw e is InvalidProtocolBufferException ? new IOException("the state is malformed", e) : e;
        }
    }
}
