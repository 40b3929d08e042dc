// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Protocol.V1;

/// <summary>
/// The methods by which connections are made, as the generated stub has them, but that they leave the labels of a connection
/// encoded, which mostly nobody looks at, and read and write what targets mostly answer by a few lines.
/// </summary>
public static class BoardMethods
{
    // Not from the descriptor, which takes milliseconds to build.
    private const string Service = "flower.v1.Switchboard";

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

    /// <summary>Binds a service as the generated code does, but reads what ingresses and targets say by these methods.</summary>
    public static void Bind(ServiceBinderBase binder, Switchboard.SwitchboardBase service) =>
        Switchboard.BindService(new Binder(binder), service);

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

    private sealed class Binder(ServiceBinderBase into) : ServiceBinderBase
    {
        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) =>
            into.AddMethod(IngressConnect as Method<TRequest, TResponse> ?? method, handler);

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler) =>
            into.AddMethod(method, handler);

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler) =>
            into.AddMethod(method, handler);

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler) =>
            into.AddMethod(
                ServerStart as Method<TRequest, TResponse> ?? EgressStart as Method<TRequest, TResponse> ?? method, handler);
    }
}
