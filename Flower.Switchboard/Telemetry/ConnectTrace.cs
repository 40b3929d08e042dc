// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using Flower.Rpc.Server;
using Grpc.Core;

namespace Flower.Switchboard.Telemetry;

/// <summary>
/// The trace of a connect (W3C Trace Context): the client's is in the call's metadata, and the target is told of the
/// switchboard's span, or where nobody traces the switchboard, of the client's. On the loop.
/// </summary>
internal static class ConnectTrace
{
    /// <summary>The metadata's key, and the name that .NET's activities have.</summary>
    public const string Key = "traceparent";

    // As W3C writes it, version 00: longer ones are no use to anybody.
    private const int Length = 55;

    /// <summary>Of spans: see <see cref="ActivitySource"/>.</summary>
    public static ActivitySource Source { get; } = new("Flower.Switchboard");

    /// <summary>Begins the span of a connect, if anybody wants to know.</summary>
    public static void Begin(SessionCallContext call)
    {
        string? given = call.HasRequestHeaders ? call.RequestHeaders.GetValue(Key) : null;
        bool isParent = given is not null && given.Length == Length && ActivityContext.TryParse(given, null, out _);
        call.Span = Source.HasListeners()
            ? Source.StartActivity("flower.connect", ActivityKind.Server, isParent ? given : null)
            : null;
        call.TraceParent = call.Span?.Id ?? (isParent ? given : null);
    }

    /// <summary>
    /// What is said until the result is disposed of belongs to the span of the call, if it has one, and to a span that begins
    /// meanwhile. Then all is as before: what the loop does next is another's.
    /// </summary>
    public static Scope During(SessionCallContext call) => new(call.Span);

    /// <summary>Says in the span how the call failed.</summary>
    public static void Fail(SessionCallContext call, RpcException failure) =>
        call.Span?.SetStatus(ActivityStatusCode.Error, $"{failure.StatusCode}: {failure.Status.Detail}");

    /// <summary>Ends the span.</summary>
    public static void End(SessionCallContext call) => call.Span?.Dispose();

    /// <summary>Puts the span back that was under way, if there was one.</summary>
    internal readonly ref struct Scope
    {
        private readonly Activity? _outside = Activity.Current;

        public Scope(Activity? span)
        {
            if (span is not null)
            {
                Activity.Current = span;
            }
        }

        public void Dispose()
        {
            if (!ReferenceEquals(Activity.Current, _outside))
            {
                Activity.Current = _outside;
            }
        }
    }
}
