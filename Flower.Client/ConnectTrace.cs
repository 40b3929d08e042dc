// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using Grpc.Core;

namespace Flower.Client;

/// <summary>
/// The spans of connects, for whoever listens to the <see cref="ActivitySource"/> <c>Flower.Client</c>, and the trace that goes
/// along with a request (W3C Trace Context). Costs nothing where nobody traces. For any thread.
/// </summary>
internal static class ConnectTrace
{
    private const string Key = "traceparent";

    private static readonly ActivitySource Source = new("Flower.Client");

    /// <summary>Begins a client's span, whose owner disposes it.</summary>
    public static Activity? BeginConnect() => Source.StartActivity("flower.connect", ActivityKind.Client);

    /// <summary>Begins a server's span, whose owner disposes it.</summary>
    /// <param name="traceParent">What the switchboard said; empty: nothing.</param>
    public static Activity? BeginAccept(string traceParent) => Source.HasListeners()
        ? Source.StartActivity("flower.accept", ActivityKind.Server, traceParent.Length == 0 ? null : traceParent)
        : null;

    /// <summary>Says in the span under way, if it is one of these, that its call has failed.</summary>
    public static void Fail(Exception failure)
    {
        if (Activity.Current is Activity span && ReferenceEquals(span.Source, Source))
        {
            span.SetStatus(ActivityStatusCode.Error, failure.Message);
        }
    }

    /// <summary>What a request says of the trace that it is a part of; null: there is none.</summary>
    public static Metadata? Headers() =>
        Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: string id } ? new Metadata { { Key, id } } : null;
}
