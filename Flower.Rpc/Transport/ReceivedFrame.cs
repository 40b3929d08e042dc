// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Kind = Flower.Protocol.V1.Frame.KindOneofCase;

namespace Flower.Rpc.Transport;

/// <summary>A frame as it was received: mostly no more than where it stands in its packet.</summary>
/// <param name="CallId">The call; 0: it is about the session.</param>
/// <param name="FdCount">How many of the packet's descriptors it names.</param>
/// <param name="Kind">What it says; None: nothing that is known here.</param>
/// <param name="Message">The message, of one that brings one: good until the packet's buffer is used again.</param>
/// <param name="Said">What a frame of another kind says, which nobody changes; null: its kind says all.</param>
internal readonly record struct ReceivedFrame(
    uint CallId, uint FdCount, Kind Kind, ReadOnlyMemory<byte> Message = default, object? Said = null)
{
    /// <summary>As the generated parser has read it.</summary>
    internal static ReceivedFrame Of(Frame frame) => new(
        frame.CallId,
        frame.FdCount,
        frame.KindCase,
        frame.KindCase == Kind.Message ? frame.Message.Memory : default,
        frame.KindCase switch
        {
            Kind.Hello => frame.Hello,
            Kind.Open => frame.Open,
            Kind.Opened => frame.Opened,
            Kind.Restarted => frame.Restarted,
            Kind.Start => frame.Start,
            Kind.Status => frame.Status,
            Kind.Credit => frame.Credit,
            _ => null,
        });
}
