// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Protocol.V1;

namespace Flower.Watch;

/// <summary>An event as a line for people: when, what, who, and its labels last.</summary>
internal static class EventText
{
    private const int NameWidth = 19;
    private const int DefaultWeight = 100;

    /// <summary>The line, safe for a terminal.</summary>
    public static string Of(BoardEvent happened, bool color)
    {
        string time = happened.Time.ToLocalTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
        string words = LabelRules.Printable(Words(happened));
        string name = words.Length == 0 ? happened.Name : happened.Name.PadRight(NameWidth);
        return $"{time}  {Colors.Paint(name, InkOf(happened), color)} {words}".TrimEnd();
    }

    private static Ink InkOf(BoardEvent happened) => happened switch
    {
        ConnectNotice { Step: ConnectStep.Accepted } or TargetNotice { Change: TargetChange.Added } => Ink.Good,
        ConnectNotice { Step: ConnectStep.Refused } or RefusalNotice or QuotaNotice => Ink.Bad,
        ConnectNotice { Step: ConnectStep.FailedOver or ConnectStep.GivenUp }
            or TargetNotice { Change: TargetChange.Drained or TargetChange.Removed } or HandleNotice => Ink.Notable,
        _ => Ink.Plain,
    };

    private static string Words(BoardEvent happened) => happened switch
    {
        SnapshotNotice { HasEnded: true } => "",
        SnapshotNotice { Missed: 0 } => "",
        SnapshotNotice { Missed: null } => "the switchboard was replaced or has come back: what happened meanwhile is not known",
        SnapshotNotice snapshot => $"{Plural.Of((long)snapshot.Missed, "event was", "events were")} missed",
        TargetNotice target => Words(target),
        ConnectNotice connect => Words(connect),
        HandleNotice { ConnectionId: { } connection } revoked =>
            $"connection {connection} by {Who(revoked.Process)}",
        HandleNotice { Ended: { } ended } revoked => $"handle {revoked.HandleId} by {Who(revoked.Process)}: "
            + $"{Plural.Of(ended.Handles, "handle")}, {Plural.Of(ended.Sessions, "session")}, "
            + $"{Plural.Of(ended.Targets, "target")}, {Plural.Of(ended.Connections, "connection")}",
        HandleNotice { Step: HandleStep.TapBegun or HandleStep.TapEnded } tap =>
            $"by {Who(tap.Process)} over handle {tap.HandleId ?? 0}  {tap.OutLabels}",
        HandleNotice made => $"handle {made.HandleId} from {made.ParentId} by {Who(made.Process)}"
            + $" rights={string.Join(',', made.Rights.Select(EventJson.NameOf))}  in: {made.InLabels}  out: {made.OutLabels}",
        QuotaNotice quota => $"{quota.Quota} of {quota.Budget}, limit {quota.Limit}: {Who(quota.Process)} "
            + $"over handle {quota.HandleId}",
        RefusalNotice refused => $"{refused.Method} of {Who(refused.Process)} over handle {refused.HandleId}: "
            + $"{StatusNames.Of(refused.StatusCode)}: {refused.Reason}"
            + (refused.LeftOut > 0 ? $" ({refused.LeftOut} more before it)" : ""),
        _ => "",
    };

    private static string Words(TargetNotice told)
    {
        TargetInfo target = told.Target;
        string state = (target.Weight == DefaultWeight ? "" : $" weight {target.Weight}")
            + (target.IsDraining ? " drains" : "")
            + (target.OpenConnections > 0 ? $" {target.OpenConnections} open" : "");
        string reason = told.Change == TargetChange.Removed ? $" ({told.Reason})" : "";
        return $"target {told.TargetId} {EventJson.NameOf(target.Kind, target.IsActivator)}{state}{reason}  {target.Labels}"
            + string.Concat(target.RequiredKeys.Select(key => $" +{key}"));
    }

    private static string Words(ConnectNotice told)
    {
        string what = $"request {told.RequestId}";
        what += told.TargetId is { } target ? $" target {target}" : "";
        what += told.ConnectionId is { } connection ? $" connection {connection}" : "";
        what += $" of {Who(told.Client)}{(told.IsIngress ? " (ingress)" : "")}";
        what += told.Step switch
        {
            ConnectStep.Refused => $" {StatusNames.Of(told.StatusCode)}: {told.Reason}",
            ConnectStep.FailedOver => $" {told.Reason}",
            _ => "",
        };
        string misses = string.Concat(told.NearMisses.Select(miss => $"; nearest: {miss.Target.Labels}{Why(miss)}"));
        return $"{what}  {told.Labels}{string.Concat(told.RequiredKeys.Select(key => $" +{key}"))}{misses}";
    }

    private static string Why(TargetExplanation miss)
    {
        string why = string.Join(", ", MissText.Of(
            miss.Contradictions.Select(c => (c.Key, c.Requested, c.Registered)), miss.MissingKeys, miss.UnmetKeys));
        return why.Length == 0 ? "" : $" ({why})";
    }

    private static string Who(ProcessInfo process) => $"pid {process.Id} uid {process.UserId}";
}
