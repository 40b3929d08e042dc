// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Rpc.Server;

/// <summary>What a handler knows of its call on the handle door: besides gRPC's, the session's authority and peer.</summary>
public sealed class SessionCallContext : ServerCallContext
{
    private static readonly AuthContext Nobody = new("", []);

    private readonly ServerCall _call;
    private Metadata? _requestHeaders;
    private Metadata? _responseTrailers;

    internal SessionCallContext(ServerCall call) => _call = call;

    /// <summary>What the session may do: the object that <see cref="SessionServer.Serve"/> or Listen was given.</summary>
    public ISessionAuthority Authority => _call.Session.Authority;

    /// <summary>The process that the session belongs to.</summary>
    public Credentials Credentials => _call.Session.Credentials;

    /// <summary>The session.</summary>
    public ISession Session => _call.Session;

    /// <summary>What the service keeps for this session; null until it sets it. The transport does not look at it.</summary>
    public object? SessionState
    {
        get => _call.Session.State;
        set => _call.Session.State = value;
    }

    /// <summary>What the service keeps for this call. The transport does not look at it.</summary>
    public object? CallState { get; set; }

    /// <summary>
    /// Where the handler goes on, if another process had begun the call: it must then do nothing that was done before.
    /// Null: at the beginning.
    /// </summary>
    public CallCheckpoint? Resumed { get; internal set; }

    /// <summary>Another process had begun the call, which goes on here, be it at the beginning.</summary>
    public bool IsRestored { get; internal set; }

    /// <summary>
    /// Set by a handler that could not begin again with its requests: saves where it is, at any time until the call ends.
    /// It is asked between two turns of the loop and must not change anything.
    /// </summary>
    public Func<DescriptorTable, ByteString>? Checkpoint { get; set; }

    /// <summary>Whether the answer of the call comes later: see <see cref="AnswerLater"/>.</summary>
    public bool IsAnsweredLater { get; private set; }

    /// <summary>
    /// Lets the handler of a unary call return before there is an answer: what it returns is not looked at, and
    /// <see cref="Answer"/> or <see cref="Fail"/> follows, once, unless the call ends before.
    /// </summary>
    /// <param name="answer">Told when the call ends before, as soon as the handler has returned.</param>
    public void AnswerLater(ILateAnswer answer)
    {
        IsAnsweredLater = true;
        _call.AnswerLater(answer);
    }

    /// <summary>Answers a call that was to be answered later, and ends it. Takes the descriptors of the response.</summary>
    /// <param name="response">A message of the type that the method answers.</param>
    public void Answer(object response) => _call.Answer(response);

    /// <summary>Ends a call that was to be answered later, as if its handler had thrown this.</summary>
    public void Fail(Exception fault) => _call.Fail(fault);

    /// <summary>The call has ended.</summary>
    public bool HasEnded => _call.HasEnded;

    /// <summary>There is a store, and the caller understands what it will be told: else <see cref="Keep"/> does nothing.</summary>
    public bool CanBeKept => _call.Session.KeepsCalls;

    /// <summary>
    /// Keeps the call across a crash of this process, as far as there is a store and the caller understands what it will
    /// be told. It then goes on from the checkpoint, with credit as at its beginning.
    /// </summary>
    /// <param name="checkpoint">Names no descriptors. A later one takes its place.</param>
    public void Keep(ByteString checkpoint) => _call.Keep(checkpoint);

    /// <summary>What the handler has set for the end of the call; null: nothing.</summary>
    internal Metadata? Trailers => _responseTrailers;

    /// <summary>Whether the caller sent metadata.</summary>
    public bool HasRequestHeaders => _call.Start.Metadata.Count > 0;

    /// <summary>The trace that the service goes on with (W3C Trace Context); null: none. The transport does not look at it.</summary>
    public string? TraceParent { get; set; }

    /// <summary>The span of the call, if it is traced. The transport does not look at it.</summary>
    public Activity? Span { get; set; }

    /// <summary>When the service began, as <see cref="Stopwatch.GetTimestamp"/> tells it; 0: nobody wants to
    /// know. The transport does not look at it.</summary>
    public long BeganAt { get; set; }

    /// <summary>The server of the session.</summary>
    public SessionServer Server => _call.Session.Server;

    /// <inheritdoc/>
    protected override string MethodCore => _call.Start.Method;

    /// <inheritdoc/>
    protected override string HostCore => "";

    /// <inheritdoc/>
    protected override string PeerCore => $"unix:pid={Credentials.Pid}";

    /// <summary>Whether the call ends, or ended, since its time has passed, and not because its caller gave up.</summary>
    public bool IsPastDeadline => _call.IsPastDeadline;

    /// <inheritdoc/>
    protected override DateTime DeadlineCore => _call.Deadline;

    /// <inheritdoc/>
    protected override Metadata RequestHeadersCore => _requestHeaders ??= MetadataCodec.Read(_call.Start.Metadata);

    /// <inheritdoc/>
    protected override CancellationToken CancellationTokenCore => _call.Token;

    /// <inheritdoc/>
    protected override Metadata ResponseTrailersCore => _responseTrailers ??= [];

    /// <inheritdoc/>
    protected override Status StatusCore { get; set; }

    /// <inheritdoc/>
    protected override WriteOptions? WriteOptionsCore { get; set; }

    /// <inheritdoc/>
    protected override AuthContext AuthContextCore => Nobody;

    /// <inheritdoc/>
    protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
        throw new NotSupportedException("a call is not propagated from the handle door");

    /// <inheritdoc/>
    protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.CompletedTask;
}
