// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Protocol;
using Flower.Protocol.V1;
using Google.Protobuf;

namespace Flower.Rpc.Transport;

/// <summary>
/// Reads packets of the frames that most packets are of, written as this project writes them: several times as fast as the
/// generated parser, to which all others are left.
/// </summary>
internal static class FrameReader
{
    // Less than a start with metadata has, which is another one each time.
    private const int MaxKeptStart = 128;

    private static readonly HalfClose Half = new();
    private static readonly Status Ok = new();

    // Most calls of a thread begin like the last one. Nobody changes it.
    [ThreadStatic]
    private static (byte[] Bytes, Start Start)? _lastStart;

    // One string for all.
    [ThreadStatic]
    private static string? _lastMethod;

    /// <summary>The packet; null: it is for the generated parser.</summary>
    /// <exception cref="InvalidProtocolBufferException">It is malformed.</exception>
    internal static Packet? TryRead(ReadOnlySpan<byte> bytes)
    {
        var packet = new Packet();
        var frames = new FieldReader(bytes);
        while (frames.Next())
        {
            if (frames.Tag != FieldReader.Block(Packet.FramesFieldNumber) || TryReadFrame(frames.Body) is not Frame frame)
            {
                return null;
            }

            packet.Frames.Add(frame);
        }

        return frames.IsAtEnd ? packet : null;
    }

    private static Frame? TryReadFrame(ReadOnlySpan<byte> bytes)
    {
        var frame = new Frame();
        var fields = new FieldReader(bytes);
        while (fields.Next())
        {
            if (fields.Tag == FieldReader.Number(Frame.CallIdFieldNumber))
            {
                frame.CallId = fields.Value;
            }
            else if (fields.Tag == FieldReader.Number(Frame.FdCountFieldNumber))
            {
                frame.FdCount = fields.Value;
            }
            else if (frame.KindCase != Frame.KindOneofCase.None || !TryReadKind(frame, fields.Tag, fields.Body))
            {
                return null;
            }
        }

        return fields.IsAtEnd ? frame : null;
    }

    private static bool TryReadKind(Frame frame, int tag, ReadOnlySpan<byte> body)
    {
        if (tag == FieldReader.Block(Frame.MessageFieldNumber))
        {
            frame.Message = ByteString.CopyFrom(body);
        }
        else if (tag == FieldReader.Block(Frame.HalfCloseFieldNumber) && body.IsEmpty)
        {
            frame.HalfClose = Half;
        }
        else if (tag == FieldReader.Block(Frame.StatusFieldNumber))
        {
            frame.Status = body.IsEmpty ? Ok : Status.Parser.ParseFrom(body);
        }
        else if (tag == FieldReader.Block(Frame.StartFieldNumber))
        {
            frame.Start = ReadStart(body);
        }
        else if (tag == FieldReader.Block(Frame.CreditFieldNumber))
        {
            frame.Credit = Credit.Parser.ParseFrom(body);
        }
        else
        {
            return false;
        }

        return true;
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
