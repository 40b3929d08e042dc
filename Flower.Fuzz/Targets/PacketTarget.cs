// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Fuzz.Targets;

/// <summary>
/// What recvmsg brought, taken apart as a session does: the first byte says how many descriptors came with the others. Each
/// descriptor has one owner at any time, and what was read is written and read again as it was.
/// </summary>
internal static class PacketTarget
{
    private static readonly IReadOnlyList<Action<ReceivedFrame, List<Descriptor>?>> Decoders =
    [
        Decode<ConstrainRequest>, Decode<ClientConnectRequest>, Decode<IngressConnectRequest>, Decode<ServerStartRequest>,
        Decode<EgressStartRequest>, Decode<ResolverStartRequest>, Decode<TapStartRequest>, Decode<ListRequest>,
        Decode<ConstrainResponse>, Decode<ClientConnectResponse>, Decode<IngressConnectResponse>, Decode<ServerStartResponse>,
        Decode<EgressStartResponse>, Decode<ResolverStartResponse>, Decode<TapStartResponse>, Decode<ListResponse>,
        Decode<ExplainRequest>, Decode<WatchResponse>, Decode<RevokeRequest>, Decode<UpdateTargetsRequest>,
    ];

    public static void Run(byte[] input)
    {
        if (input.Length == 0)
        {
            return;
        }

        // Borrowed numbers: nothing is closed but the objects, of which it is known.
        int count = input[0] % 8;
        Descriptor[] all = [.. Enumerable.Range(0, count).Select(_ => Descriptor.Borrow(int.MaxValue))];
        var received = new ReceivedPacket { Length = input.Length - 1, Descriptors = count == 0 ? null : [.. all] };
        var frames = new List<ReceivedFrame>();
        try
        {
            PacketReader.Parse(input.AsMemory(1), received, frames);
        }
        catch (PacketException)
        {
            return;
        }

        int at = 0;
        foreach (ReceivedFrame frame in frames)
        {
            List<Descriptor>? own = PacketReader.Take(received, ref at, frame.FdCount, out bool lost);
            BrokenException.Unless(!lost && (own?.Count ?? 0) == frame.FdCount, "descriptors that are there are lost");
            if (frame.Kind != Frame.KindOneofCase.Message)
            {
                MessageCodec.Close(own);
            }
            else
            {
                Decoders[(int)(frame.CallId % Decoders.Count)](frame, own);
            }
        }

        BrokenException.Unless(at == count && Array.TrueForAll(all, d => d.IsClosed), "a descriptor has no owner");
    }

    private static void Decode<T>(ReceivedFrame frame, List<Descriptor>? descriptors)
        where T : class, IMessage<T>, new()
    {
        var parser = new MessageParser<T>(static () => new T());
        var marshaller = new Marshaller<T>(
            static (message, context) =>
            {
                context.SetPayloadLength(message.CalculateSize());
                message.WriteTo(context.GetBufferWriter());
                context.Complete();
            },
            context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));
        T message;
        try
        {
            message = MessageCodec.Decode(frame.Message, descriptors, marshaller);
        }
        catch (PacketException)
        {
            return;
        }

        CheckFields(message, descriptors);
        T copy = message.Clone();
        OutgoingFrame again = MessageCodec.Encode(frame.CallId, message, marshaller);
        List<System.Runtime.InteropServices.SafeHandle>? sent = again.Descriptors;
        BrokenException.Unless((sent?.Count ?? 0) == (descriptors?.Count ?? 0), "descriptors get lost on the way out");
        T back = MessageCodec.Decode(
            again.Body.ToArray(), sent?.ConvertAll(d => (Descriptor)d), marshaller);
        CheckFields(back, descriptors);
        MessageCodec.CloseDescriptors(back);
        Flatten(back);
        Flatten(copy);
        BrokenException.Unless(back.Equals(copy), "what is read is written as something else");
    }

    private static void CheckFields<T>(T message, List<Descriptor>? descriptors)
    {
        List<FileDescriptor> fields = Collect(message);
        BrokenException.Unless(fields.Count == (descriptors?.Count ?? 0), "a field without a descriptor, or one too few");
        BrokenException.Unless(
            fields.TrueForAll(f => f.Handle is { IsClosed: false }) && fields.DistinctBy(f => f.Handle).Count() == fields.Count,
            "two fields have one descriptor, or one that is closed");
    }

    // Their numbers may be others, in the order in which they are sent.
    private static void Flatten<T>(T message) => Collect(message).ForEach(field => field.Index = 0);

    private static List<FileDescriptor> Collect<T>(T message)
    {
        var fields = new List<FileDescriptor>();
        (message as IDescriptorCarrier)?.CollectDescriptors(fields);
        return fields;
    }
}
