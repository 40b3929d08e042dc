// SPDX-License-Identifier: BSD-2-Clause
// The messages with the labels of a connection. One file, since they are alike.
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using Google.Protobuf;

namespace Flower.Protocol.V1;

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
    public int MeasureWithLabels() => LabelCarriers.Measure(this, EncodedLabels);

    /// <inheritdoc/>
    public void WriteWithLabels(Span<byte> to) => LabelCarriers.Write(this, EncodedLabels, to);
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
    public int MeasureWithLabels() => LabelCarriers.Measure(this, EncodedLabels);

    /// <inheritdoc/>
    public void WriteWithLabels(Span<byte> to) => LabelCarriers.Write(this, EncodedLabels, to);
}

/// <content>Its labels, encoded.</content>
public sealed partial class Offer
{
    /// <summary>The labels, encoded for field 2; null: they are in <see cref="Labels"/>.</summary>
    public EncodedLabels? EncodedLabels { get; set; }

    // Null: it is not as the switchboard writes it.
    internal static Offer? TryParseKeepingLabels(ReadOnlyMemory<byte> bytes)
    {
        var offer = new Offer();
        var fields = new FieldReader(bytes.Span);
        var labels = default(KeptLabels);
        bool isKnown = true;
        while (isKnown && fields.Next())
        {
            if (fields.Tag == FieldReader.Number(ConnectionIdFieldNumber))
            {
                offer.ConnectionId = fields.Value;
            }
            else if (fields.Tag == FieldReader.Block(SocketFieldNumber) && offer.Socket is null)
            {
                offer.Socket = FileDescriptor.Parser.ParseFrom(fields.Body);
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

        offer.EncodedLabels = labels.Of(bytes);
        return isKnown && fields.IsAtEnd && labels.AreText(bytes.Span) ? offer : null;
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

/// <summary>The labels first, and what else there is as it is generated: fields may come in any order.</summary>
internal static class LabelCarriers
{
    // Of a message that has labels and a socket, and nothing else. False: it is for the generated parser.
    internal static bool TryParse(
        ReadOnlyMemory<byte> bytes, int labelsField, int socketField,
        [NotNullWhen(true)] out EncodedLabels? labels, out FileDescriptor? socket)
    {
        (labels, socket) = (null, null);
        var fields = new FieldReader(bytes.Span);
        var kept = default(KeptLabels);
        bool isKnown = true;
        while (isKnown && fields.Next())
        {
            if (fields.Tag == FieldReader.Block(socketField) && socket is null)
            {
                socket = FileDescriptor.Parser.ParseFrom(fields.Body);
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

        labels = kept.Of(bytes);
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

    internal static int Measure(IMessage message, EncodedLabels? labels) =>
        message.CalculateSize() + (labels?.Size ?? 0);

    internal static void Write(IMessage message, EncodedLabels? labels, Span<byte> to)
    {
        labels?.CopyTo(to);
        message.WriteTo(to[(labels?.Size ?? 0)..]);
    }

    internal static int MeasureOffer(Offer offer)
    {
        int size = Measure(offer, offer.EncodedLabels);
        return 1 + CodedOutputStream.ComputeLengthSize(size) + size;
    }

    internal static void WriteOffer(Offer offer, int field, Span<byte> to)
    {
        to[0] = (byte)FieldReader.Block(field);
        int head = 1 + Varint.Write(to[1..], (uint)Measure(offer, offer.EncodedLabels));
        Write(offer, offer.EncodedLabels, to[head..]);
    }
}

/// <summary>Where the labels of a message are, if they follow one another and each can be decoded.</summary>
internal struct KeptLabels
{
    private int _start;
    private int _end;

    /// <summary>Takes one. False: what is read on is lost.</summary>
    internal bool Add(in FieldReader field)
    {
        if (_end == 0)
        {
            _start = field.Start;
        }
        else if (_end != field.Start)
        {
            return false;
        }

        _end = field.End;
        var parts = new FieldReader(field.Body);
        while (parts.Next())
        {
            if (parts.Tag != FieldReader.Block(Label.KeyFieldNumber) && parts.Tag != FieldReader.Block(Label.ValueFieldNumber)
                && parts.Tag != FieldReader.Number(Label.SourceFieldNumber))
            {
                return false;
            }
        }

        return parts.IsAtEnd;
    }

    /// <summary>Whether they are all UTF-8, without which nobody could decode them.</summary>
    internal readonly bool AreText(ReadOnlySpan<byte> message)
    {
        // Mostly so, and looked at in large steps.
        ReadOnlySpan<byte> all = message[_start.._end];
        return Ascii.IsValid(all) || Each(all);
    }

    private static bool Each(ReadOnlySpan<byte> all)
    {
        for (var labels = new FieldReader(all); labels.Next();)
        {
            for (var parts = new FieldReader(labels.Body); parts.Next();)
            {
                if (!Utf8.IsValid(parts.Body))
                {
                    return false;
                }
            }
        }

        return true;
    }

    internal readonly EncodedLabels Of(ReadOnlyMemory<byte> message) => EncodedLabels.Received(message[_start.._end]);
}
