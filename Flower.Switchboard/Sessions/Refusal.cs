// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions.Resolving;
using Google.Protobuf;
using Grpc.Core;
using Status = Grpc.Core.Status;

namespace Flower.Switchboard.Sessions;

/// <summary>Every answer that is not OK: which status it is, and its words. The one place that maps outcomes.</summary>
internal static class Refusal
{
    /// <summary>The trailer with an <see cref="ErrorDetail"/>.</summary>
    public const string DetailTrailer = "flower-error-bin";

    /// <summary>What the sessions over a revoked handle are told.</summary>
    public const string HandleRevoked = "the handle was revoked";

    /// <summary>What a session is told that has far too many descriptors unread.</summary>
    public const string Unread = "it does not read the descriptors that it is sent";

    /// <summary>What the client is told of a connection that was revoked before it was made.</summary>
    public const string ConnectionRevoked = "the connection was revoked";

    public static RpcException LacksRights(IReadOnlyList<Right> rights) => Make(
        StatusCode.PermissionDenied,
        $"this handle lacks the right {string.Join(", ", rights.Select(RightNames.NameOf))}"
        + (rights.Contains(Right.Tap) ? ", which \"all\" does not give: a grant of the configuration must name it" : ""),
        [],
        rights);

    public static RpcException Contradicts(IReadOnlyList<string> keys) => Make(
        StatusCode.PermissionDenied, $"{Names(keys)} contradict{(keys.Count == 1 ? "s" : "")} the labels of this handle", keys);

    public static RpcException Invalid(string message, IReadOnlyList<string> keys) =>
        Make(StatusCode.InvalidArgument, message, keys);

    public static RpcException Reserved(LabelRefusal refusal) =>
        Make(StatusCode.PermissionDenied, refusal.Message, refusal.Keys);

    public static RpcException NotFound(LabelSet labels) => Make(
        StatusCode.NotFound, labels.IsEmpty ? "no target is registered that takes this" : $"nothing matches {labels}", []);

    public static RpcException Ambiguous(Lookup<Target> found, bool mayList) => mayList
        ? Make(
            StatusCode.FailedPrecondition,
            $"{Several(found.Targets.Length)} targets match equally well; "
            + (found.Keys.IsEmpty ? "nothing tells them apart" : $"state one of {Names([.. found.Keys])} to tell them apart"),
            found.Keys)
        : Make(StatusCode.FailedPrecondition, "several targets match equally well; state more labels", []);

    /// <param name="target">The one that has them.</param>
    /// <param name="isShown">Whether List would show it to who is refused.</param>
    public static RpcException Taken(Target target, bool isShown) => Make(
        StatusCode.FailedPrecondition,
        isShown
            ? $"a target with labels that are equal, or include these or are included, is registered: {target.Own}; "
              + "state a label that tells them apart, or stop the other one"
            : "a target with labels that are equal, or include these or are included, is registered; "
              + "state a label that tells them apart, or stop the other one",
        isShown ? [.. target.Own.Labels.Select(l => l.Key)] : []);

    public static RpcException NoGrant(string message) => Make(StatusCode.PermissionDenied, message, []);

    /// <summary>No handle or connection that the caller may see has that id.</summary>
    public static RpcException NoSuch(string message) => Make(StatusCode.NotFound, message, []);

    public static RpcException OwnHandle(ulong id) => Make(
        StatusCode.FailedPrecondition,
        $"handle {id} is that of this very session, which ends when it is closed",
        []);

    public static RpcException Revoked(string message) => Make(StatusCode.PermissionDenied, message, []);

    public static RpcException CannotHold(FlowerSocketException e) =>
        Exhausted($"the switchboard cannot hold the connection to revoke it: {e.Name}");

    public static RpcException Exhausted(string message) => Make(StatusCode.ResourceExhausted, message, []);

    /// <summary>A quota, from <see cref="Quotas.QuotaTable"/>; every other limit is <see cref="Exhausted"/>.</summary>
    public static RpcException OverQuota(string message) => new OverQuotaException(message);

    public static RpcException HandedOver() => Make(
        StatusCode.Unavailable, "another process is taking over from this switchboard: try again", []);

    public static RpcException Stopping() => Make(StatusCode.Unavailable, "the switchboard is stopping", []);

    /// <summary>Both sides were told that the connection is tapped, and it cannot be any more.</summary>
    public static RpcException TapGone() => Make(
        StatusCode.Unavailable, "the tap that was to relay the connection has gone: try again", []);

    public static RpcException WrongDoor() => Make(
        StatusCode.FailedPrecondition,
        "this call carries descriptors, which gRPC cannot: use the handle door, the switchboard's --listen socket",
        []);

    /// <summary>What would match takes no new connections.</summary>
    public static RpcException Draining(bool isOne) => Make(
        StatusCode.Unavailable,
        isOne
            ? "the target that matches takes no new connections: it drains"
            : "the targets that match take no new connections: they drain",
        []);

    /// <summary>How an offer that was not taken looks to its client.</summary>
    /// <param name="outcome">What became of it; of several, of the last one.</param>
    /// <param name="acceptDeadline">How long a target may take to answer.</param>
    /// <param name="tried">How many targets were tried.</param>
    /// <param name="last">The last one; null: it is not known any more, and has said nothing.</param>
    public static RpcException NotTaken(
        OfferOutcome outcome, TimeSpan acceptDeadline, int tried = 1, Target? last = null)
    {
        string who = tried == 1 ? "the target" : $"{tried} targets were tried; the last one";
        return outcome switch
        {
            OfferOutcome.Rejected rejected =>
                Make(StatusCode.Unavailable, $"{who} rejected the connection: {rejected.Reason}", [], named: Only(last)),
            OfferOutcome.Gone => Make(StatusCode.Unavailable, $"{who} went away before it took the connection", []),
            OfferOutcome.Silent => Make(
                StatusCode.DeadlineExceeded,
                $"{who} did not answer within {acceptDeadline.TotalSeconds:0.###} seconds",
                []),
            _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
        };
    }

    /// <summary>No server has come that an activator was to start.</summary>
    public static RpcException NotStarted(OfferOutcome outcome, TimeSpan startTimeout, Target activator) => Make(
        StatusCode.Unavailable,
        outcome switch
        {
            OfferOutcome.Rejected rejected => $"the server could not be started: {rejected.Reason}",
            OfferOutcome.Gone => "who starts the server went away",
            _ => $"the server that was to be started was not registered within {startTimeout.TotalSeconds:0.###} seconds",
        },
        [],
        named: [activator]);

    /// <summary>A resolver says that there is no such name.</summary>
    public static RpcException NoSuchName(LabelSet question, string asked, Target resolver) => Make(
        StatusCode.NotFound,
        $"no such name: {question} ({asked})",
        [.. question.Labels.Select(l => l.Key)],
        named: [resolver]);

    /// <summary>All that a name stands for contradicts the request.</summary>
    public static RpcException NothingFits(
        LabelSet question, string asked, IReadOnlyList<string> keys, Target resolver) => Make(
        StatusCode.NotFound,
        $"all that {question} stands for contradicts the request at {Names(keys)} ({asked})",
        keys,
        named: [resolver]);

    /// <summary>Names stand for names without an end, or for nothing new.</summary>
    public static RpcException NamesLeadNowhere(
        string how, IReadOnlyList<string> asked, IReadOnlyList<Target> resolvers) =>
        Make(StatusCode.FailedPrecondition, $"{how}: asked {string.Join(", then ", asked)}", [], named: resolvers);

    /// <summary>How a question that was not answered looks to the client.</summary>
    public static RpcException NotResolved(
        ResolverOutcome outcome, LabelSet question, string asked, TimeSpan deadline, Target resolver)
    {
        (StatusCode code, string message) = outcome switch
        {
            ResolverOutcome.Failed failed => (
                StatusCode.Unavailable, $"{question} cannot be resolved: {failed.Reason} ({asked})"),
            ResolverOutcome.Gone => (
                StatusCode.Unavailable, $"{question} was not resolved: the resolver went away ({asked})"),
            ResolverOutcome.Silent => (
                StatusCode.DeadlineExceeded,
                $"{question} was not resolved within {deadline.TotalSeconds:0.###} seconds ({asked})"),
            ResolverOutcome.Busy busy => (
                StatusCode.ResourceExhausted,
                busy.Limit == Resolver.MaxPending
                    ? $"{question} was not resolved: {busy.Limit} questions wait for the resolver, the limit ({asked})"
                    : $"{question} was not resolved: {busy.Limit} questions of this user wait for the resolver, the limit ({asked})"),
            _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
        };
        return Make(code, message, [], named: [resolver]);
    }

    /// <summary>Whether a connect is refused depends on the answer to a question that was not asked. No connect is told that.
    /// </summary>
    public static RpcException NotAsked() =>
        Make(StatusCode.Unknown, "it depends on what a resolver answers, and none was asked", []);

    /// <summary>The keys and rights that a refusal names; null: none.</summary>
    public static ErrorDetail? DetailOf(RpcException refusal) =>
        refusal.Trailers.GetValueBytes(DetailTrailer) is byte[] detail ? ErrorDetail.Parser.ParseFrom(detail) : null;

    private static string Several(int count) =>
        count >= Lookup<Target>.MaxTargets ? $"at least {count}" : $"{count}";

    private static string Names(IReadOnlyList<string> keys) =>
        string.Join(", ", keys.Select(k => $"'{LabelRules.Printable(k)}'"));

    private static IReadOnlyList<Target> Only(Target? target) => target is null ? [] : [target];

    private static RpcException Make(
        StatusCode code,
        string message,
        IReadOnlyList<string> keys,
        IReadOnlyList<Right>? rights = null,
        IReadOnlyList<Target>? named = null)
    {
        var detail = new ErrorDetail { Keys = { keys }, Rights = { rights ?? [] } };
        Grpc.Core.Metadata trailers = keys.Count == 0 && rights is null ? [] : new() { { DetailTrailer, detail.ToByteArray() } };
        var status = new Status(code, message);
        return named is null ? new RpcException(status, trailers) : new TargetRefusal(status, trailers, named);
    }
}
