// SPDX-License-Identifier: BSD-2-Clause
// The messages with which targets answer. One file, since they are alike.
using Google.Protobuf;

namespace Flower.Protocol.V1;

/// <content>The one that most are: accepted, without a socket.</content>
public sealed partial class Answer
{
    internal bool IsPlainAccept =>
        OutcomeCase == OutcomeOneofCase.Accept && Accept.Socket is null && Accept.CalculateSize() == 0 && _unknownFields is null;

    private int AcceptSize =>
        (ConnectionId == 0 ? 0 : 1 + Varint.Size(ConnectionId)) + 2 + (Credit == 0 ? 0 : 1 + Varint.Size(Credit));

    // Of the message whose field it is.
    internal int MeasureAccept() => 1 + Varint.Size((uint)AcceptSize) + AcceptSize;

    internal void WriteAccept(int field, Span<byte> to)
    {
        to[0] = (byte)FieldReader.Block(field);
        to = to[(1 + Varint.Write(to[1..], (uint)AcceptSize))..];
        if (ConnectionId != 0)
        {
            to[0] = (byte)FieldReader.Number(ConnectionIdFieldNumber);
            to = to[(1 + Varint.Write(to[1..], ConnectionId))..];
        }

        to[0] = (byte)FieldReader.Block(AcceptFieldNumber);
        to[1] = 0;
        if (Credit != 0)
        {
            to[2] = (byte)FieldReader.Number(CreditFieldNumber);
            Varint.Write(to[3..], Credit);
        }
    }

    // Of a message that has it in that field, and nothing else. Null: it is for the generated parser.
    internal static Answer? TryParse(ReadOnlySpan<byte> bytes, int field)
    {
        var whole = new FieldReader(bytes);
        if (!whole.Next() || !whole.IsAtEnd || whole.Tag != FieldReader.Block(field))
        {
            return null;
        }

        var answer = new Answer();
        var fields = new FieldReader(whole.Body);
        while (fields.Next())
        {
            if (fields.Tag == FieldReader.Number(ConnectionIdFieldNumber))
            {
                answer.ConnectionId = fields.Value;
            }
            else if (fields.Tag == FieldReader.Number(CreditFieldNumber))
            {
                answer.Credit = fields.Value;
            }
            else if (fields.Tag == FieldReader.Block(AcceptFieldNumber) && fields.Body.IsEmpty)
            {
                answer.Accept ??= new();
            }
            else
            {
                return null;
            }
        }

        return fields.IsAtEnd ? answer : null;
    }
}

/// <content>Reading it.</content>
public sealed partial class ServerStartRequest
{
    internal bool IsPlainAccept => _unknownFields is null && Answer is { IsPlainAccept: true };

    /// <summary>Reads one.</summary>
    /// <exception cref="InvalidProtocolBufferException">It is malformed.</exception>
    public static ServerStartRequest Parse(ReadOnlyMemory<byte> bytes) =>
        Answer.TryParse(bytes.Span, AnswerFieldNumber) is Answer answer
            ? new() { Answer = answer }
            : Parser.ParseFrom(bytes.Span);
}

/// <content>Reading it.</content>
public sealed partial class EgressStartRequest
{
    internal bool IsPlainAccept => _unknownFields is null && Answer is { IsPlainAccept: true };

    /// <summary>Reads one.</summary>
    /// <exception cref="InvalidProtocolBufferException">It is malformed.</exception>
    public static EgressStartRequest Parse(ReadOnlyMemory<byte> bytes) =>
        Answer.TryParse(bytes.Span, AnswerFieldNumber) is Answer answer
            ? new() { Answer = answer }
            : Parser.ParseFrom(bytes.Span);
}
