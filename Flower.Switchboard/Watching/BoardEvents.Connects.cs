// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Server;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Grpc.Core;
using Target = Flower.Switchboard.Sessions.Target;

namespace Flower.Switchboard.Watching;

/// <content>The steps of connects, and other calls that are refused.</content>
internal sealed partial class BoardEvents
{
    private const int MaxReason = 1024;

    private static readonly string[] Results = [.. Enum.GetNames<StatusCode>().Select(SnakeCase)];

    private readonly Budget _explaining = new("near misses");

    /// <summary>Told how long each connect took, in seconds; null: nobody wants to know.</summary>
    public Histogram<double>? ConnectDuration { get; set; }

    /// <summary>Told how long each connect took to find its first target, in seconds; null: nobody wants to know.</summary>
    public Histogram<double>? MatchDuration { get; set; }

    /// <summary>How metrics name the end of a connect.</summary>
    public static KeyValuePair<string, object?> Result(StatusCode code) =>
        KeyValuePair.Create("result", (object?)((int)code < Results.Length ? Results[(int)code] : "UNKNOWN"));

    /// <summary>A connect is asked for, or goes on that another process was asked for.</summary>
    /// <returns>The request, numbered if anybody watches: else many may share it.</returns>
    public Request Asked(SessionCallContext call, Request wish)
    {
        Counters.Asked++;
        call.BeganAt = ConnectDuration is null ? 0 : Stopwatch.GetTimestamp();
        Request own = IsWatched ? wish.Numbered(Counters.Asked) : wish;
        call.CallState = own;
        if (IsWatched && !call.IsRestored)
        {
            Publish(own, ConnectStep.Asked, new(), own.Stated, target: null);
        }

        return own;
    }

    /// <summary>A connect has found the first target that it asks.</summary>
    public void Found(SessionCallContext call)
    {
        if (MatchDuration is Histogram<double> duration && call.BeganAt != 0)
        {
            duration.Record(Stopwatch.GetElapsedTime(call.BeganAt).TotalSeconds);
        }
    }

    /// <summary>A target is asked to take a connection.</summary>
    public void Matched(Request wish, Target target, ulong connection)
    {
        if (IsWatched)
        {
            Publish(wish, ConnectStep.Matched, new() { ConnectionId = connection }, wish.Stated, target);
        }
    }

    /// <summary>A target did not take it, and the next one is tried.</summary>
    public void FailedOver(SessionCallContext call, Target target, OfferOutcome outcome)
    {
        if (IsWatched && call.CallState is Request wish)
        {
            string reason = outcome switch
            {
                OfferOutcome.Rejected rejected => Cut(rejected.Reason),
                OfferOutcome.Silent => "it did not answer in time",
                _ => "it went away",
            };
            Publish(wish, ConnectStep.FailedOver, new() { Reason = reason }, wish.Stated, target);
        }
    }

    /// <summary>A connection was made.</summary>
    public void Accepted(SessionCallContext call, Connected connected)
    {
        Counters.OnAccepted();
        Ended(call, StatusCode.OK);
        if (IsWatched && call.CallState is Request wish)
        {
            LabelSet labels = UnionOf(connected.ForClient.ToLabels());
            _ = ulong.TryParse(
                labels[ReservedKeys.ConnectionId], System.Globalization.CultureInfo.InvariantCulture, out ulong id);
            Publish(wish, ConnectStep.Accepted, new() { ConnectionId = id }, labels, connected.Target);
        }
    }

    /// <summary>A call was refused, but for quotas.</summary>
    public void Refused(Board board, Caller caller, SessionCallContext call, RpcException refusal)
    {
        if (IsConnect(call))
        {
            Counters.OnRefused(refusal.StatusCode);
        }

        Ended(call, refusal.StatusCode);
        if (call.CallState is not Request wish)
        {
            Refused(caller, call.Method, refusal);
            return;
        }

        Remember(caller, call.Method, refusal);
        if (IsWatched)
        {
            bool missed = refusal.StatusCode == StatusCode.NotFound;
            Publish(
                wish,
                ConnectStep.Refused,
                new() { Code = (int)refusal.StatusCode, Reason = Cut(refusal.Status.Detail) },
                wish.Stated,
                target: null,
                (refusal as TargetRefusal)?.Named,
                missed ? NearMisses.Find(board, wish, _explaining) : null);
        }
    }

    /// <summary>A call was refused, on either door, that is no connect or whose labels were not looked at.</summary>
    public void Refused(Caller caller, string method, RpcException refusal)
    {
        Remember(caller, method, refusal);
        if (!IsWatched)
        {
            return;
        }

        // It needs no right to be refused.
        _refusedCalls.Happened(caller.Node, leftOut =>
        {
            Event told = Next();
            told.Refused = new RefusedCall
            {
                Method = NameOf(method),
                Process = Walk.Describe(caller.Credentials),
                HandleId = caller.Handle.Id,
                Code = (int)refusal.StatusCode,
                Reason = Cut(refusal.Status.Detail),
                LeftOut = leftOut,
            };
            Publish(new HandleOccurrence(told, caller.Node));
        });
    }

    /// <summary>A call was refused because of a quota, of which <see cref="Exhausted"/> tells.</summary>
    public void RefusedByQuota(SessionCallContext call)
    {
        if (IsConnect(call))
        {
            Counters.OnRefused(StatusCode.ResourceExhausted);
        }
    }

    /// <summary>Whoever called has gone.</summary>
    public void GivenUp(Board board, SessionCallContext call)
    {
        if (board.IsReplaced)
        {
            // What another process goes on with has not ended.
            return;
        }

        if (IsConnect(call))
        {
            StatusCode code = call.IsPastDeadline ? StatusCode.DeadlineExceeded : StatusCode.Cancelled;
            Counters.OnGivenUp(code);
            Ended(call, code);
        }

        if (IsWatched && call.CallState is Request wish)
        {
            Publish(wish, ConnectStep.GivenUp, new(), wish.Stated, target: null);
        }
    }

    private void Remember(Caller caller, string method, RpcException refusal) => Counters.LastRefusals.Add(
        caller.Node, caller.Credentials, NameOf(method), refusal.StatusCode, Cut(refusal.Status.Detail));

    private void Ended(SessionCallContext call, StatusCode code)
    {
        if (ConnectDuration is Histogram<double> duration && call.BeganAt != 0)
        {
            duration.Record(Stopwatch.GetElapsedTime(call.BeganAt).TotalSeconds, Result(code));
        }
    }

    // A union is larger than what may be made at once: of three labels, the largest are not.
    private static LabelSet UnionOf(IReadOnlyList<Label> labels) => labels.Chunk(3).Aggregate(
        LabelSet.Empty,
        static (all, few) => all.Merge(LabelSet.Create(few.Select(l => KeyValuePair.Create(l.Key, l.Value))), out _));

    // As gRPC writes them: NotFound is NOT_FOUND.
    private static string SnakeCase(string name) => name == "OK" ? name : string.Concat(
        name.Select((letter, i) => i > 0 && char.IsUpper(letter) ? "_" + letter : char.ToUpperInvariant(letter).ToString()));

    private static string NameOf(string method) => method[(method.LastIndexOf('/') + 1)..];

    private static string Cut(string text) =>
        text.Length <= MaxReason ? text : string.Concat(text.AsSpan(0, CutAt(text)), "…");

    // Not between the halves of a character, which has no UTF-8.
    private static int CutAt(string text) => char.IsHighSurrogate(text[MaxReason - 2]) ? MaxReason - 2 : MaxReason - 1;

    private static bool IsConnect(SessionCallContext call) => NameOf(call.Method) is "ClientConnect" or "IngressConnect";

    private void Publish(
        Request wish,
        ConnectStep step,
        ConnectEvent told,
        LabelSet labels,
        Target? target,
        IReadOnlyList<Target>? named = null,
        NearMisses? misses = null)
    {
        told.Step = step;
        told.RequestId = (ulong)wish.Id;
        told.Client = Walk.Describe(wish.Caller.Credentials);
        told.Ingress = wish.Query.Ingress;
        told.TargetId = (ulong)(target?.Registration ?? 0);
        Publish(new ConnectOccurrence(Next(), told, labels, target, named, misses ?? NearMisses.None));
    }
}
