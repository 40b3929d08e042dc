// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using Flower.Protocol.V1;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Client;

/// <summary>
/// The methods by which connections are made, as the generated stub has them, but that they leave the labels of a connection
/// encoded: most of them nobody looks at.
/// </summary>
internal static class BoardMethods
{
    // Not from the descriptor, which takes milliseconds to build.
    private const string Service = "flower.v1.Switchboard";

    public static Method<ClientConnectRequest, ClientConnectResponse> ClientConnect { get; } = new(
        MethodType.Unary, Service, nameof(ClientConnect), Of(ClientConnectRequest.Parser),
        Of(ClientConnectResponse.ParseKeepingLabels));

    public static Method<IngressConnectRequest, IngressConnectResponse> IngressConnect { get; } = new(
        MethodType.Unary, Service, nameof(IngressConnect), Of(IngressConnectRequest.Parser),
        Of(IngressConnectResponse.ParseKeepingLabels));

    public static Method<ServerStartRequest, ServerStartResponse> ServerStart { get; } = new(
        MethodType.DuplexStreaming, Service, nameof(ServerStart), Of(ServerStartRequest.Parser),
        Of(ServerStartResponse.ParseKeepingLabels));

    public static Method<EgressStartRequest, EgressStartResponse> EgressStart { get; } = new(
        MethodType.DuplexStreaming, Service, nameof(EgressStart), Of(EgressStartRequest.Parser),
        Of(EgressStartResponse.ParseKeepingLabels));

    private static Marshaller<T> Of<T>(MessageParser<T> parser)
        where T : class, IMessage<T> =>
        new(Write, context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));

    private static Marshaller<T> Of<T>(Func<ReadOnlyMemory<byte>, T> read)
        where T : class, IMessage<T> =>
        new(Write, context => read(Whole(context.PayloadAsReadOnlySequence())));

    // Of this project's own transport it is in one piece always.
    private static ReadOnlyMemory<byte> Whole(ReadOnlySequence<byte> payload) =>
        payload.IsSingleSegment ? payload.First : payload.ToArray();

    private static void Write<T>(T message, SerializationContext context)
        where T : class, IMessage<T>
    {
        context.SetPayloadLength(message.CalculateSize());
        message.WriteTo(context.GetBufferWriter());
        context.Complete();
    }
}
