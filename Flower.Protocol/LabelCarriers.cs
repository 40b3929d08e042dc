// SPDX-License-Identifier: BSD-2-Clause
// The messages with labels that are encoded once. One file, since they are alike.
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Google.Protobuf;

namespace Flower.Protocol.V1;

/// <content>Its labels, encoded.</content>
public sealed partial class ClientConnectRequest : ILabelCarrier
{
    /// <summary>The labels, from <see cref="LabelSet.Encode"/>; null: they are in <see cref="Labels"/>.</summary>
    public EncodedLabels? EncodedLabels { get; set; }

    /// <inheritdoc/>
    public bool HasEncodedLabels => EncodedLabels is not null;

    /// <inheritdoc/>
    public int MeasureWithLabels() => LabelCarriers.Measure(this, EncodedLabels);

    /// <inheritdoc/>
    public void WriteWithLabels(Span<byte> to) => LabelCarriers.Write(this, EncodedLabels, to);
}

/// <content>Its labels, encoded.</content>
public sealed partial class IngressConnectRequest : ILabelCarrier
{
    /// <summary>The labels, from <see cref="LabelSet.Encode"/>; null: they are in <see cref="Labels"/>.</summary>
    public EncodedLabels? EncodedLabels { get; set; }

    /// <inheritdoc/>
    public bool HasEncodedLabels => EncodedLabels is not null;

    /// <inheritdoc/>
    public int MeasureWithLabels() => LabelCarriers.Measure(this, EncodedLabels);

    /// <inheritdoc/>
    public void WriteWithLabels(Span<byte> to) => LabelCarriers.Write(this, EncodedLabels, to);
}

/// <content>Its labels, encoded.</content>
public sealed partial class ClientConnectResponse : ILabelCarrier
{
    /// <summary>Reads one, and leaves its labels encoded where it can.</summary>
    /// <exception cref="InvalidProtocolBufferException">It is malformed.</exception>
    public static ClientConnectResponse ParseKeepingLabels(ReadOnlyMemory<byte> bytes) =>
        LabelCarriers.TryParse(bytes, LabelsFieldNumber, SocketFieldNumber, out EncodedLabels? labels, out FileDescriptor? socket)
            ? new() { EncodedLabels = labels, Socket = socket }
            : Parser.ParseFrom(bytes.Span);

    /// <summary>The labels, encoded for field 1; null: they are in <see cref="Labels"/>.</summary>
    public EncodedLabels? EncodedLabels { get; set; }

    /// <inheritdoc/>
    public bool HasEncodedLabels => EncodedLabels is not null;

    /// <inheritdoc/>
    public int MeasureWithLabels() => LabelCarriers.Measure(EncodedLabels, Socket);

    /// <inheritdoc/>
    public void WriteWithLabels(Span<byte> to) => LabelCarriers.Write(EncodedLabels, Socket, SocketFieldNumber, to);
}

/// <content>Its labels, encoded.</content>
public sealed partial class IngressConnectResponse : ILabelCarrier
{
    /// <summary>Reads one, and leaves its labels encoded where it can.</summary>
    /// <exception cref="InvalidProtocolBufferException">It is malformed.</exception>
    public static IngressConnectResponse ParseKeepingLabels(ReadOnlyMemory<byte> bytes) =>
        LabelCarriers.TryParse(bytes, LabelsFieldNumber, SocketFieldNumber, out EncodedLabels? labels, out FileDescriptor? socket)
            ? new() { EncodedLabels = labels, Socket = socket }
            : Parser.ParseFrom(bytes.Span);

    /// <summary>The labels, encoded for field 1; null: they are in <see cref="Labels"/>.</summary>
    public EncodedLabels? EncodedLabels { get; set; }

    /// <inheritdoc/>
    public bool HasEncodedLabels => EncodedLabels is not null;

    /// <inheritdoc/>
    public int MeasureWithLabels() => LabelCarriers.Measure(EncodedLabels, Socket);

    /// <inheritdoc/>
    public void WriteWithLabels(Span<byte> to) => LabelCarriers.Write(EncodedLabels, Socket, SocketFieldNumber, to);
}

/// <content>Its labels, encoded.</content>
public sealed partial class Offer
{
    /// <summary>The labels, encoded for field 2; null: they are in <see cref="Labels"/>.</summary>
    public EncodedLabels? EncodedLabels { get; set; }

    // As with a trace, which few have, it is for the generated code.
    private bool IsUsual => TraceParent.Length == 0 && _unknownFields is null;

    // With its labels, which are nowhere else.
    internal int Measure() => IsUsual
        ? LabelCarriers.Measure(EncodedLabels, Socket) + (ConnectionId == 0 ? 0 : 1 + Varint.Size(ConnectionId))
        : LabelCarriers.Measure(this, EncodedLabels);

    internal void Write(Span<byte> to)
    {
        if (!IsUsual)
        {
            LabelCarriers.Write(this, EncodedLabels, to);
            return;
        }

        EncodedLabels?.CopyTo(to);
        to = to[(EncodedLabels?.Size ?? 0)..];
        if (ConnectionId != 0)
        {
            to[0] = (byte)FieldReader.Number(ConnectionIdFieldNumber);
            to = to[(1 + Varint.Write(to[1..], ConnectionId))..];
        }

        LabelCarriers.WriteSocket(Socket, SocketFieldNumber, to);
    }

    // Null: it is not as the switchboard writes it.
    internal static Offer? TryParseKeepingLabels(ReadOnlyMemory<byte> bytes)
    {
        var offer = new Offer();
        var fields = new FieldReader(bytes.Span);
        KeptLabels labels = KeptLabels.Begin(ref fields, bytes.Span, LabelsFieldNumber);
        bool isKnown = true;
        while (isKnown && fields.Next())
        {
            if (fields.Tag == FieldReader.Number(ConnectionIdFieldNumber))
            {
                offer.ConnectionId = fields.Value;
            }
            else if (fields.Tag == FieldReader.Block(SocketFieldNumber) && offer.Socket is null)
            {
                offer.Socket = LabelCarriers.ReadSocket(fields.Body);
            }
            else if (fields.Tag == FieldReader.Block(TraceParentFieldNumber) && Ascii.IsValid(fields.Body))
            {
                offer.TraceParent = Encoding.ASCII.GetString(fields.Body);
            }
            else
            {
                isKnown = fields.Tag == FieldReader.Block(LabelsFieldNumber) && labels.Add(fields);
            }
        }

        if (!isKnown || !fields.IsAtEnd || !labels.AreText(bytes.Span))
        {
            return null;
        }

        offer.EncodedLabels = labels.Of(bytes.Span);
        return offer;
    }
}

/// <content>The labels of its offer.</content>
public sealed partial class ServerStartResponse : ILabelCarrier
{
    /// <summary>Reads one, and leaves the labels of an offer encoded where it can.</summary>
    /// <exception cref="InvalidProtocolBufferException">It is malformed.</exception>
    public static ServerStartResponse ParseKeepingLabels(ReadOnlyMemory<byte> bytes) =>
        LabelCarriers.TryParseOffer(bytes, OfferFieldNumber) is Offer offer
            ? new() { Offer = offer }
            : Parser.ParseFrom(bytes.Span);

    /// <inheritdoc/>
    public bool HasEncodedLabels => Offer?.EncodedLabels is not null;

    /// <inheritdoc/>
    public int MeasureWithLabels() => LabelCarriers.MeasureOffer(Offer);

    /// <inheritdoc/>
    public void WriteWithLabels(Span<byte> to) => LabelCarriers.WriteOffer(Offer, OfferFieldNumber, to);
}

/// <content>The labels of its offer.</content>
public sealed partial class EgressStartResponse : ILabelCarrier
{
    /// <summary>Reads one, and leaves the labels of an offer encoded where it can.</summary>
    /// <exception cref="InvalidProtocolBufferException">It is malformed.</exception>
    public static EgressStartResponse ParseKeepingLabels(ReadOnlyMemory<byte> bytes) =>
        LabelCarriers.TryParseOffer(bytes, OfferFieldNumber) is Offer offer
            ? new() { Offer = offer }
            : Parser.ParseFrom(bytes.Span);

    /// <inheritdoc/>
    public bool HasEncodedLabels => Offer?.EncodedLabels is not null;

    /// <inheritdoc/>
    public int MeasureWithLabels() => LabelCarriers.MeasureOffer(Offer);

    /// <inheritdoc/>
    public void WriteWithLabels(Span<byte> to) => LabelCarriers.WriteOffer(Offer, OfferFieldNumber, to);
}

/// <summary>The labels first, and then what else there is: fields may come in any order.</summary>
internal static class LabelCarriers
{
    // Of a message that has labels and a socket, and nothing else. False: it is for the generated parser.
    internal static bool TryParse(
        ReadOnlyMemory<byte> bytes, int labelsField, int socketField,
        [NotNullWhen(true)] out EncodedLabels? labels, out FileDescriptor? socket)
    {
        (labels, socket) = (null, null);
        var fields = new FieldReader(bytes.Span);
        KeptLabels kept = KeptLabels.Begin(ref fields, bytes.Span, labelsField);
        bool isKnown = true;
        while (isKnown && fields.Next())
        {
            if (fields.Tag == FieldReader.Block(socketField) && socket is null)
            {
                socket = ReadSocket(fields.Body);
            }
            else
            {
                isKnown = fields.Tag == FieldReader.Block(labelsField) && kept.Add(fields);
            }
        }

        if (!isKnown || !fields.IsAtEnd || !kept.AreText(bytes.Span))
        {
            return false;
        }

        labels = kept.Of(bytes.Span);
        return true;
    }

    // Of a message that is an offer, and nothing else. Null: it is for the generated parser.
    internal static Offer? TryParseOffer(ReadOnlyMemory<byte> bytes, int offerField)
    {
        var fields = new FieldReader(bytes.Span);
        return fields.Next() && fields.IsAtEnd && fields.Tag == FieldReader.Block(offerField)
            ? Offer.TryParseKeepingLabels(bytes[fields.BodyStart..])
            : null;
    }

    // Mostly the first one, and then nothing is written of it.
    internal static FileDescriptor ReadSocket(ReadOnlySpan<byte> bytes) =>
        bytes.IsEmpty ? new() : FileDescriptor.Parser.ParseFrom(bytes);

    internal static int Measure(IMessage message, EncodedLabels? labels) =>
        message.CalculateSize() + (labels?.Size ?? 0);

    internal static void Write(IMessage message, EncodedLabels? labels, Span<byte> to)
    {
        labels?.CopyTo(to);
        message.WriteTo(to[(labels?.Size ?? 0)..]);
    }

    internal static int MeasureOffer(Offer offer)
    {
        int size = offer.Measure();
        return 1 + Varint.Size((uint)size) + size;
    }

    internal static void WriteOffer(Offer offer, int field, Span<byte> to)
    {
        to[0] = (byte)FieldReader.Block(field);
        int head = 1 + Varint.Write(to[1..], (uint)offer.Measure());
        offer.Write(to[head..]);
    }

    // Of labels and a socket.
    internal static int Measure(EncodedLabels? labels, FileDescriptor? socket) =>
        (labels?.Size ?? 0) + MeasureSocket(socket);

    internal static void Write(EncodedLabels? labels, FileDescriptor? socket, int socketField, Span<byte> to)
    {
        labels?.CopyTo(to);
        WriteSocket(socket, socketField, to[(labels?.Size ?? 0)..]);
    }

    internal static int MeasureSocket(FileDescriptor? socket) =>
        socket is null ? 0 : 2 + (socket.Index == 0 ? 0 : 1 + Varint.Size(socket.Index));

    internal static int WriteSocket(FileDescriptor? socket, int field, Span<byte> to)
    {
        if (socket is null)
        {
            return 0;
        }

        to[0] = (byte)FieldReader.Block(field);
        to[1] = 0;
        if (socket.Index != 0)
        {
            to[2] = (byte)FieldReader.Number(FileDescriptor.IndexFieldNumber);
            to[1] = (byte)(1 + Varint.Write(to[3..], socket.Index));
        }

        return 2 + to[1];
    }
}
