// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Protocol.V1;

/// <summary>
/// The methods of the switchboard, as the generated stub has them, but that those by which connections are made leave the labels of
/// a connection encoded, which mostly nobody looks at, and read and write what targets mostly answer by a few lines.
/// </summary>
public static class BoardMethods
{
    // Not from the descriptor, which takes milliseconds to build.
    private const string Service = "flower.v1.Switchboard";

    /// <summary>A handle is narrowed.</summary>
    public static Method<ConstrainRequest, ConstrainResponse> Constrain { get; } = new(
        MethodType.Unary, Service, nameof(Constrain), Of(ConstrainRequest.Parser), Of(ConstrainResponse.Parser));

    /// <summary>A client connects.</summary>
    public static Method<ClientConnectRequest, ClientConnectResponse> ClientConnect { get; } = new(
        MethodType.Unary, Service, nameof(ClientConnect), Of(ClientConnectRequest.Parser),
        Of(ClientConnectResponse.ParseKeepingLabels));

    /// <summary>An ingress pushes a socket.</summary>
    public static Method<IngressConnectRequest, IngressConnectResponse> IngressConnect { get; } = new(
        MethodType.Unary, Service, nameof(IngressConnect), Of(IngressConnectRequest.Parse),
        Of(IngressConnectResponse.ParseKeepingLabels));

    /// <summary>A server is registered.</summary>
    public static Method<ServerStartRequest, ServerStartResponse> ServerStart { get; } = new(
        MethodType.DuplexStreaming, Service, nameof(ServerStart), Of(ServerStartRequest.Parse, Write),
        Of(ServerStartResponse.ParseKeepingLabels));

    /// <summary>An egress is registered.</summary>
    public static Method<EgressStartRequest, EgressStartResponse> EgressStart { get; } = new(
        MethodType.DuplexStreaming, Service, nameof(EgressStart), Of(EgressStartRequest.Parse, Write),
        Of(EgressStartResponse.ParseKeepingLabels));

    /// <summary>A resolver is registered.</summary>
    public static Method<ResolverStartRequest, ResolverStartResponse> ResolverStart { get; } = new(
        MethodType.DuplexStreaming, Service, nameof(ResolverStart), Of(ResolverStartRequest.Parser), Of(ResolverStartResponse.Parser));

    /// <summary>A tap is registered.</summary>
    public static Method<TapStartRequest, TapStartResponse> TapStart { get; } = new(
        MethodType.DuplexStreaming, Service, nameof(TapStart), Of(TapStartRequest.Parser), Of(TapStartResponse.Parser));

    /// <summary>What is registered.</summary>
    public static Method<ListRequest, ListResponse> List { get; } = new(
        MethodType.ServerStreaming, Service, nameof(List), Of(ListRequest.Parser), Of(ListResponse.Parser));

    /// <summary>What a connect would do.</summary>
    public static Method<ExplainRequest, ExplainResponse> Explain { get; } = new(
        MethodType.ServerStreaming, Service, nameof(Explain), Of(ExplainRequest.Parser), Of(ExplainResponse.Parser));

    /// <summary>What happens from now on.</summary>
    public static Method<WatchRequest, WatchResponse> Watch { get; } = new(
        MethodType.ServerStreaming, Service, nameof(Watch), Of(WatchRequest.Parser), Of(WatchResponse.Parser));

    /// <summary>Counts and measures of the board.</summary>
    public static Method<StatsRequest, StatsResponse> Stats { get; } = new(
        MethodType.Unary, Service, nameof(Stats), Of(StatsRequest.Parser), Of(StatsResponse.Parser));

    /// <summary>Targets are drained, or weighed anew.</summary>
    public static Method<UpdateTargetsRequest, UpdateTargetsResponse> UpdateTargets { get; } = new(
        MethodType.Unary, Service, nameof(UpdateTargets), Of(UpdateTargetsRequest.Parser), Of(UpdateTargetsResponse.Parser));

    /// <summary>The handles that were made of this one.</summary>
    public static Method<HandlesRequest, HandlesResponse> Handles { get; } = new(
        MethodType.ServerStreaming, Service, nameof(Handles), Of(HandlesRequest.Parser), Of(HandlesResponse.Parser));

    /// <summary>The connections that are open.</summary>
    public static Method<ConnectionsRequest, ConnectionsResponse> Connections { get; } = new(
        MethodType.ServerStreaming, Service, nameof(Connections), Of(ConnectionsRequest.Parser), Of(ConnectionsResponse.Parser));

    /// <summary>Handles lose what they allow.</summary>
    public static Method<RevokeRequest, RevokeResponse> Revoke { get; } = new(
        MethodType.Unary, Service, nameof(Revoke), Of(RevokeRequest.Parser), Of(RevokeResponse.Parser));

    private static Marshaller<T> Of<T>(MessageParser<T> parser)
        where T : class, IMessage<T> =>
        new(Write, context => parser.ParseFrom(context.PayloadAsReadOnlySequence()));

    private static Marshaller<T> Of<T>(Func<ReadOnlyMemory<byte>, T> read)
        where T : class, IMessage<T> =>
        new(Write, context => read(Whole(context.PayloadAsReadOnlySequence())));

    private static Marshaller<T> Of<T>(Func<ReadOnlyMemory<byte>, T> read, Action<T, SerializationContext> write)
        where T : class, IMessage<T> =>
        new(write, context => read(Whole(context.PayloadAsReadOnlySequence())));

    // Of this project's own transport it is in one piece always.
    private static ReadOnlyMemory<byte> Whole(ReadOnlySequence<byte> payload) =>
        payload.IsSingleSegment ? payload.First : payload.ToArray();

    private static void Write(ServerStartRequest message, SerializationContext context)
    {
        if (message.IsPlainAccept)
        {
            Write(message.Answer, ServerStartRequest.AnswerFieldNumber, context);
        }
        else
        {
            Write<ServerStartRequest>(message, context);
        }
    }

    private static void Write(EgressStartRequest message, SerializationContext context)
    {
        if (message.IsPlainAccept)
        {
            Write(message.Answer, EgressStartRequest.AnswerFieldNumber, context);
        }
        else
        {
            Write<EgressStartRequest>(message, context);
        }
    }

    private static void Write(Answer accept, int field, SerializationContext context)
    {
        int size = accept.MeasureAccept();
        context.SetPayloadLength(size);
        IBufferWriter<byte> to = context.GetBufferWriter();
        accept.WriteAccept(field, to.GetSpan(size));
        to.Advance(size);
        context.Complete();
    }

    private static void Write<T>(T message, SerializationContext context)
        where T : class, IMessage<T>
    {
        context.SetPayloadLength(message.CalculateSize());
        message.WriteTo(context.GetBufferWriter());
        context.Complete();
    }
}
