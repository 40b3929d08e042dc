// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics.Metrics;
using Flower.Protocol.V1;
using Flower.Rpc.Transport;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.Watching;
using Grpc.Core;

namespace Flower.Switchboard.Telemetry;

/// <summary>
/// The figures of a board for OpenTelemetry. While it lives, the loop looks once a second at what there is, and how late it
/// comes to that; who exports sees the last look, on any thread.
/// </summary>
internal sealed class BoardMeter : IDisposable
{
    /// <summary>The name of the meter.</summary>
    public const string Name = "Flower.Switchboard";

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // A connect takes from some tens of microseconds to as long as somebody waits. OpenTelemetry's own begin with 5.
    private static readonly InstrumentAdvice<double> Buckets = new()
    {
        HistogramBucketBoundaries =
            [5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    };

    private readonly Meter _meter = new(Name, BoardIdentity.Version);
    private readonly EventLoop _loop;
    private readonly Board _board;
    private readonly Histogram<double> _lag;
    private volatile Figures _figures = new();
    private IDisposable? _timer;
    private long _due;

    /// <summary>Begins to look. On the loop.</summary>
    public BoardMeter(EventLoop loop, Board board)
    {
        _loop = loop;
        _board = board;
        _meter.CreateObservableCounter(
            "flower.connects", Connects, "{connect}", "Connects that have ended, by result: a gRPC status code");
        board.Events.ConnectDuration = _meter.CreateHistogram(
            "flower.connect.duration", "s", "From the request to its end, by result", tags: null, Buckets);
        board.Events.MatchDuration = _meter.CreateHistogram(
            "flower.connect.match.duration", "s", "From the request to the first target that is asked", tags: null, Buckets);
        _lag = _meter.CreateHistogram(
            "flower.loop.lag", "s", "How late the switchboard's loop comes to a timer", tags: null, Buckets);
        _meter.CreateObservableUpDownCounter("flower.targets", Targets, "{target}", "Registered targets, by kind");
        Gauge("flower.sessions", f => f.Sessions, "{session}", "Open sessions");
        Gauge("flower.sessions.queued_bytes", f => f.QueuedBytes, "By", "What waits for sessions that do not read");
        Gauge("flower.handles", f => f.Handles, "{handle}", "Live handles");
        Gauge("flower.calls.pending", f => f.Pending, "{call}", "Calls without an answer");
        Gauge("flower.requests.waiting", f => f.Waiting, "{request}", "Requests that wait for a target");
        Gauge("flower.watchers", f => f.Watchers, "{watcher}", "Who is told what happens");
        Gauge("flower.connections.revocable", f => f.Revocable, "{connection}", "Connections that are held to be revoked");
        _meter.CreateObservableUpDownCounter(
            "flower.quotas.near_limit", Quotas, "{quota}", "Quotas of which four fifths or more are used, by quota");
        _meter.CreateObservableCounter(
            "flower.audit.missed", () => _figures.AuditMissed, "{event}", "Events that the audit log has lost");
        Look();
    }

    /// <summary>Looks no more. On the loop.</summary>
    public void Dispose()
    {
        _timer?.Dispose();
        _board.Events.ConnectDuration = null;
        _board.Events.MatchDuration = null;
        _meter.Dispose();
    }

    private void Gauge(string name, Func<Figures, long> value, string unit, string description) =>
        _meter.CreateObservableUpDownCounter(name, () => value(_figures), unit, description);

    private void Look()
    {
        long now = Environment.TickCount64;
        if (_due != 0)
        {
            _lag.Record(Math.Max(0, now - _due) / 1000.0);
        }

        BoardCounters counters = _board.Events.Counters;
        _figures = new Figures
        {
            Accepted = counters.Accepted,
            Refused = [.. counters.Refused],
            Servers = counters.Servers,
            Activators = counters.Activators,
            Egresses = counters.Egresses,
            Resolvers = counters.Resolvers,
            Sessions = _board.Identity.Sessions(),
            QueuedBytes = _board.Handles.Nodes.Sum(node => node.QueuedBytes),
            Handles = _board.Handles.Nodes.Count,
            Pending = counters.Pending,
            Waiting = _board.WaitingCount,
            Watchers = _board.Events.Watchers,
            Revocable = _board.Connections.All.Items.Count,
            Quotas = [.. _board.Handles.Quotas.NearLimits(_board.Handles.Nodes, null, static _ => true)
                .GroupBy(quota => quota.Quota, StringComparer.Ordinal)
                .Select(group => (group.Key, group.LongCount()))],
            AuditMissed = _board.Identity.AuditMissed(),
        };
        _due = now + (long)Interval.TotalMilliseconds;
        _timer = _loop.After(Interval, Look);
    }

    private IEnumerable<Measurement<long>> Connects()
    {
        Figures figures = _figures;
        yield return new(figures.Accepted, BoardEvents.Result(StatusCode.OK));
        foreach (RefusalCount refused in figures.Refused)
        {
            yield return new((long)refused.Count, BoardEvents.Result((StatusCode)refused.Code));
        }
    }

    private IEnumerable<Measurement<long>> Targets()
    {
        Figures figures = _figures;
        yield return new(figures.Servers, KeyValuePair.Create("kind", (object?)"server"));
        yield return new(figures.Activators, KeyValuePair.Create("kind", (object?)"activator"));
        yield return new(figures.Egresses, KeyValuePair.Create("kind", (object?)"egress"));
        yield return new(figures.Resolvers, KeyValuePair.Create("kind", (object?)"resolver"));
    }

    private IEnumerable<Measurement<long>> Quotas() =>
        _figures.Quotas.Select(quota => new Measurement<long>(quota.Count, KeyValuePair.Create("quota", (object?)quota.Name)));

    /// <summary>What one look saw. Immutable.</summary>
    private sealed record Figures
    {
        public long Accepted { get; init; }

        public IReadOnlyList<RefusalCount> Refused { get; init; } = [];

        public long Servers { get; init; }

        public long Activators { get; init; }

        public long Egresses { get; init; }

        public long Resolvers { get; init; }

        public long Sessions { get; init; }

        public long QueuedBytes { get; init; }

        public long Handles { get; init; }

        public long Pending { get; init; }

        public long Waiting { get; init; }

        public long Watchers { get; init; }

        public long Revocable { get; init; }

        public IReadOnlyList<(string Name, long Count)> Quotas { get; init; } = [];

        public long AuditMissed { get; init; }
    }
}
