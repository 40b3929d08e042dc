// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol;
using Flower.Protocol.V1;
using Google.Protobuf;

namespace Flower.Rpc.Transport;

/// <summary>
/// A frame of a call as it is written, whose kind is encoded already: most frames are a message, or the same each time.
/// </summary>
/// <param name="CallId">The call.</param>
/// <param name="Kind">The number of the field that says the kind.</param>
/// <param name="Body">That field. Of a message, good until this thread encodes another one.</param>
/// <param name="Descriptors">Of a message: what goes with it; who has the frame owns them. The list is good until this thread
/// encodes another one. Null: none.</param>
internal readonly record struct OutgoingFrame(
    uint CallId, int Kind, ReadOnlyMemory<byte> Body, List<SafeHandle>? Descriptors = null)
{
    /// <summary>The bytes of the frame.</summary>
    internal int Size
    {
        get
        {
            int fds = Descriptors?.Count ?? 0;
            return (CallId == 0 ? 0 : 1 + CodedOutputStream.ComputeUInt32Size(CallId))
                + (fds == 0 ? 0 : 1 + CodedOutputStream.ComputeUInt32Size((uint)fds))
                + 1 + CodedOutputStream.ComputeLengthSize(Body.Length) + Body.Length;
        }
    }

    /// <summary>The call's requests end.</summary>
    internal static OutgoingFrame HalfClose(uint callId) => new(callId, Frame.HalfCloseFieldNumber, default);

    /// <summary>The call ends well, and nothing more is to be said.</summary>
    internal static OutgoingFrame Ok(uint callId) => new(callId, Frame.StatusFieldNumber, default);

    /// <summary>Writes the frame.</summary>
    /// <param name="to">As many bytes as <see cref="Size"/> says.</param>
    internal void WriteTo(Span<byte> to)
    {
        if (CallId != 0)
        {
            to[0] = (byte)FieldReader.Number(Frame.CallIdFieldNumber);
            to = to[(1 + Varint.Write(to[1..], CallId))..];
        }

        if (Descriptors is { Count: > 0 and int count })
        {
            to[0] = (byte)FieldReader.Number(Frame.FdCountFieldNumber);
            to = to[(1 + Varint.Write(to[1..], (uint)count))..];
        }

        to[0] = (byte)FieldReader.Block(Kind);
        to = to[(1 + Varint.Write(to[1..], (uint)Body.Length))..];
        Body.Span.CopyTo(to);
    }
}
