// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Protocol;
using Flower.Protocol.V1;
using Google.Protobuf;
using Kind = Flower.Protocol.V1.Frame.KindOneofCase;

namespace Flower.Rpc.Transport;

/// <summary>
/// Reads packets of the frames that most packets are of, written as this project writes them: several times as fast as the
/// generated parser, to which all others are left.
/// </summary>
internal static class FrameReader
{
    // Less than a start with metadata has, which is another one each time.
    private const int MaxKeptStart = 128;

    private static readonly Status Ok = new();

    // Most calls of a thread begin like the last one. Nobody changes it.
    [ThreadStatic]
    private static (byte[] Bytes, Start Start)? _lastStart;

    // One string for all.
    [ThreadStatic]
    private static string? _lastMethod;

    /// <summary>Reads a packet. False: it is for the generated parser, whatever was added.</summary>
    /// <param name="bytes">The packet, in which the frames' messages stay.</param>
    /// <param name="into">Where the frames are added.</param>
    /// <exception cref="InvalidProtocolBufferException">It is malformed.</exception>
    internal static bool TryRead(ReadOnlyMemory<byte> bytes, List<ReceivedFrame> into)
    {
        var frames = new FieldReader(bytes.Span);
        while (frames.Next())
        {
            if (frames.Tag != FieldReader.Block(Packet.FramesFieldNumber)
                || !TryReadFrame(bytes[frames.BodyStart..frames.End], out ReceivedFrame frame))
            {
                return false;
            }

            into.Add(frame);
        }

        return frames.IsAtEnd;
    }

    private static bool TryReadFrame(ReadOnlyMemory<byte> bytes, out ReceivedFrame frame)
    {
        uint callId = 0;
        uint fdCount = 0;
        var kind = Kind.None;
        ReadOnlyMemory<byte> message = default;
        object? said = null;
        frame = default;
        var fields = new FieldReader(bytes.Span);
        while (fields.Next())
        {
            if (fields.Tag == FieldReader.Number(Frame.CallIdFieldNumber))
            {
                callId = fields.Value;
            }
            else if (fields.Tag == FieldReader.Number(Frame.FdCountFieldNumber))
            {
                fdCount = fields.Value;
            }
            else if (kind != Kind.None)
            {
                return false;
            }
            else if (fields.Tag == FieldReader.Block(Frame.MessageFieldNumber))
            {
                kind = Kind.Message;
                message = bytes[fields.BodyStart..fields.End];
            }
            else
            {
                kind = ReadKind(fields.Tag, fields.Body, out said);
                if (kind == Kind.None)
                {
                    return false;
                }
            }
        }

        frame = new(callId, fdCount, kind, message, said);
        return fields.IsAtEnd;
    }

    // None: it is for the generated parser.
    private static Kind ReadKind(int tag, ReadOnlySpan<byte> body, out object? said)
    {
        said = null;
        if (tag == FieldReader.Block(Frame.HalfCloseFieldNumber) && body.IsEmpty)
        {
            return Kind.HalfClose;
        }

        if (tag == FieldReader.Block(Frame.StatusFieldNumber))
        {
            said = body.IsEmpty ? Ok : Status.Parser.ParseFrom(body);
            return Kind.Status;
        }

        if (tag == FieldReader.Block(Frame.StartFieldNumber))
        {
            said = ReadStart(body);
            return Kind.Start;
        }

        if (tag == FieldReader.Block(Frame.CreditFieldNumber))
        {
            said = Credit.Parser.ParseFrom(body);
            return Kind.Credit;
        }

        return Kind.None;
    }

    // Of a call that says its time, which is another one each time, or its credit. Null: it is for the generated parser.
    private static Start? TryReadStart(ReadOnlySpan<byte> body)
    {
        var start = new Start();
        var fields = new FieldReader(body);
        while (fields.Next())
        {
            if (fields.Tag == FieldReader.Number(Start.TimeoutUsFieldNumber))
            {
                start.TimeoutUs = fields.Value;
            }
            else if (fields.Tag == FieldReader.Number(Start.CreditFieldNumber))
            {
                start.Credit = fields.Value;
            }
            else if (fields.Tag == FieldReader.Block(Start.MethodFieldNumber) && fields.Body.Length <= MaxKeptStart
                && Ascii.IsValid(fields.Body))
            {
                string last = _lastMethod ?? "";
                start.Method = Ascii.Equals(fields.Body, last) ? last : _lastMethod = Encoding.ASCII.GetString(fields.Body);
            }
            else
            {
                return null;
            }
        }

        return fields.IsAtEnd ? start : null;
    }

    private static Start ReadStart(ReadOnlySpan<byte> body)
    {
        if (_lastStart is var (bytes, start) && body.SequenceEqual(bytes))
        {
            return start;
        }

        Start read = TryReadStart(body) ?? Start.Parser.ParseFrom(body);
        if (body.Length <= MaxKeptStart)
        {
            _lastStart = (body.ToArray(), read);
        }

        return read;
    }
}
