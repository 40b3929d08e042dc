// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Rpc.Transport;

/// <summary>
/// Messages to frames and back, with the descriptors in them: sets each field's index on the way out, its handle on the
/// way in.
/// </summary>
internal static class MessageCodec
{
    [ThreadStatic]
    private static Serialization? _serialization;

    [ThreadStatic]
    private static List<FileDescriptor>? _fields;

    [ThreadStatic]
    private static List<SafeHandle>? _taken;

    /// <summary>
    /// The frame of a message with its descriptors, whose ownership passes to the caller. It is good until this thread
    /// encodes another message.
    /// </summary>
    /// <exception cref="RpcException">RESOURCE_EXHAUSTED: it does not fit into a packet.</exception>
    internal static OutgoingFrame Encode<T>(uint callId, T message, Marshaller<T> marshaller)
    {
        List<SafeHandle>? descriptors = TakeDescriptors(message);
        try
        {
            Serialization context = Serialize(message, marshaller);
            if (context.Written.Length > PacketWriter.MaxMessageBytes)
            {
                throw new RpcException(new Grpc.Core.Status(
                    StatusCode.ResourceExhausted,
                    $"a message of {context.Written.Length} bytes: the limit is {PacketWriter.MaxMessageBytes}"));
            }

            return new(callId, Frame.MessageFieldNumber, context.Written, descriptors);
        }
        catch
        {
            descriptors?.ForEach(d => d.Dispose());
            throw;
        }
    }

    /// <summary>
    /// The message as it would be sent, with duplicates of its descriptors; it keeps its own. Those that are closed are
    /// missing.
    /// </summary>
    /// <exception cref="FlowerSocketException">EMFILE.</exception>
    internal static PacketState Save<T>(T message, Marshaller<T> marshaller, DescriptorTable descriptors)
    {
        var saved = new PacketState();
        var fields = new List<FileDescriptor>(1);
        (message as IDescriptorCarrier)?.CollectDescriptors(fields);
        foreach (FileDescriptor field in fields.OrderBy(field => field.Handle is not { IsClosed: false }))
        {
            field.Index = (uint)saved.Descriptors.Count;
            if (field.Handle is { IsClosed: false })
            {
                saved.Descriptors.Add(descriptors.Add(field.Handle));
            }
        }

        Serialization context = Serialize(message, marshaller);
        saved.Bytes = ByteString.CopyFrom(context.Written.Span);
        return saved;
    }

    /// <summary>The message that was saved.</summary>
    /// <exception cref="PacketException">As for Decode.</exception>
    internal static T Restore<T>(PacketState saved, Marshaller<T> marshaller, DescriptorTable descriptors) =>
        Decode(saved.Bytes.Memory, descriptors.TakeAll(saved.Descriptors), marshaller, lost: true);

    /// <summary>
    /// The message of a frame, which now owns the descriptors, and keeps none of the bytes. Where some were lost, their fields have
    /// no handle.
    /// </summary>
    /// <exception cref="PacketException">It is malformed, or does not name each descriptor once; they are closed.</exception>
    internal static T Decode<T>(
        ReadOnlyMemory<byte> bytes, List<Descriptor>? descriptors, Marshaller<T> marshaller, bool lost = false)
    {
        try
        {
            T message = marshaller.ContextualDeserializer(new Deserialization(bytes));
            GiveDescriptors(message, descriptors, lost);
            return message;
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or PacketException)
        {
            Close(descriptors);
            throw e as PacketException ?? new PacketException($"a malformed message: {e.Message}");
        }
    }

    /// <summary>Closes the descriptors of a message that nobody will read.</summary>
    internal static void CloseDescriptors<T>(T message) => TakeDescriptors(message)?.ForEach(d => d.Dispose());

    internal static void Close(List<Descriptor>? descriptors) => descriptors?.ForEach(d => d.Dispose());

    private static Serialization Serialize<T>(T message, Marshaller<T> marshaller)
    {
        Serialization context = _serialization ??= new();
        context.Clear();
        if (message is ILabelCarrier { HasEncodedLabels: true } carrier)
        {
            carrier.WriteWithLabels(context.Take(carrier.MeasureWithLabels()));
        }
        else
        {
            marshaller.ContextualSerializer(message, context);
        }

        return context;
    }

    private static List<SafeHandle>? TakeDescriptors<T>(T message)
    {
        if (message is not IDescriptorCarrier carrier)
        {
            return null;
        }

        List<FileDescriptor> fields = Collect(carrier);
        if (fields.Count == 0)
        {
            return null;
        }

        // Good until the next call on this thread, too.
        List<SafeHandle> taken = _taken ??= new(1);
        taken.Clear();
        foreach (FileDescriptor field in fields)
        {
            if (field.Handle is SafeHandle handle)
            {
                field.Index = (uint)taken.Count;
                field.Handle = null;
                taken.Add(handle);
            }
        }

        fields.Clear();
        return taken.Count == 0 ? null : taken;
    }

    // Good until the next call on this thread; cleared by who is done with it, since what is in it belongs to others.
    private static List<FileDescriptor> Collect(IDescriptorCarrier carrier)
    {
        List<FileDescriptor> fields = _fields ??= new(1);
        fields.Clear();
        carrier.CollectDescriptors(fields);
        return fields;
    }

    private static void GiveDescriptors<T>(T message, List<Descriptor>? descriptors, bool lost)
    {
        int count = descriptors?.Count ?? 0;
        if (message is not IDescriptorCarrier carrier)
        {
            if (count > 0)
            {
                throw new PacketException($"a message with {count} descriptors that names 0");
            }

            return;
        }

        List<FileDescriptor> fields = Collect(carrier);
        if (fields.Count != count && !(lost && fields.Count > count))
        {
            throw new PacketException($"a message with {count} descriptors that names {fields.Count}");
        }

        if (!NamesEachOnce(fields))
        {
            throw new PacketException("a message that does not name each of its descriptors once");
        }

        foreach (FileDescriptor field in fields)
        {
            field.Handle = field.Index < count ? descriptors![(int)field.Index] : null;
        }

        fields.Clear();
    }

    private static bool NamesEachOnce(List<FileDescriptor> fields)
    {
        for (int i = 0; i < fields.Count; i++)
        {
            bool isNamed = false;
            foreach (FileDescriptor field in fields)
            {
                isNamed |= field.Index == i;
            }

            if (!isNamed)
            {
                return false;
            }
        }

        return true;
    }

    private sealed class Serialization : SerializationContext
    {
        private readonly ArrayBufferWriter<byte> _writer = new();
        private byte[]? _whole;

        internal ReadOnlyMemory<byte> Written => _whole ?? _writer.WrittenMemory;

        internal void Clear()
        {
            _writer.ResetWrittenCount();
            _whole = null;
        }

        // So many bytes, which the caller writes.
        internal Span<byte> Take(int bytes)
        {
            Span<byte> taken = _writer.GetSpan(bytes)[..bytes];
            _writer.Advance(bytes);
            return taken;
        }

        public override void Complete(byte[] payload) => _whole = payload;

        public override IBufferWriter<byte> GetBufferWriter() => _writer;

        public override void SetPayloadLength(int payloadLength)
        {
            if (payloadLength > 0)
            {
                _writer.GetSpan(payloadLength);
            }
        }

        public override void Complete()
        {
        }
    }

    private sealed class Deserialization(ReadOnlyMemory<byte> bytes) : DeserializationContext
    {
        public override int PayloadLength => bytes.Length;

        public override byte[] PayloadAsNewBuffer() => bytes.ToArray();

        public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => new(bytes);
    }
}
