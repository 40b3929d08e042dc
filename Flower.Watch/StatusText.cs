// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Client;
using Flower.Protocol;
using Grpc.Core;

namespace Flower.Watch;

/// <summary>Figures as a screen for people.</summary>
internal static class StatusText
{
    public static void Print(BoardStats stats)
    {
        foreach (string line in Lines(stats))
        {
            Console.WriteLine(LabelRules.Printable(line));
        }
    }

    private static IEnumerable<string> Lines(BoardStats stats)
    {
        yield return $"flower {stats.Version}, pid {stats.ProcessId}, up {Age(stats.Uptime)}";
        yield return $"  handle door  {stats.HandleDoor}";
        yield return $"  gRPC door    {stats.GrpcDoor}";
        yield return "";
        yield return $"targets    {Plural.Of(stats.Servers, "server")}, {Plural.Of(stats.Activators, "activator")}, "
            + $"{Plural.Of(stats.Egresses, "egress", "egresses")}, {Plural.Of(stats.Resolvers, "resolver")}";
        yield return $"sessions   {stats.Sessions} over {Plural.Of(stats.Handles, "handle")}; "
            + $"{Plural.Of(stats.PendingCalls, "pending call")}, {Plural.Of(stats.WaitingRequests, "waiting request")}, "
            + Plural.Of(stats.Watchers, "watcher");
        yield return $"connects   {stats.ConnectsAsked} asked, {stats.ConnectsAccepted} made{Refused(stats.ConnectsRefused)}; "
            + $"{Plural.Of(stats.RevocableConnections, "revocable one")} open";
        yield return $"a second   {Rate(stats.LastSecond)} in the last one; {Rate(stats.LastMinute)} in the last minute";
        if (stats.AuditMissed > 0)
        {
            yield return $"audit log  {Plural.Of(stats.AuditMissed, "event")} lost";
        }

        yield return "";
        yield return stats.Quotas.Count == 0 ? "quotas     none near its limit" : "quotas near their limit";
        foreach (QuotaLevel quota in stats.Quotas)
        {
            yield return $"  {quota.Quota} of {quota.Budget}: {quota.Used} of {quota.Limit}";
        }

        yield return "";
        yield return stats.LastRefusals.Count == 0 ? "refusals   none" : "last refusals";
        foreach (RefusalNotice refusal in stats.LastRefusals)
        {
            string time = refusal.Time.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
            yield return $"  {time}  {refusal.Method} of pid {refusal.Process.Id} uid {refusal.Process.UserId}: "
                + $"{StatusNames.Of(refusal.StatusCode)}: {refusal.Reason}";
        }
    }

    private static string Refused(IReadOnlyDictionary<StatusCode, long> refused) => refused.Count == 0
        ? ", none refused"
        : $", {refused.Values.Sum()} refused ("
            + string.Join(", ", refused.OrderBy(r => r.Key).Select(r => $"{StatusNames.Of(r.Key)} {r.Value}")) + ")";

    private static string Rate(ConnectRate rate) => string.Create(
        CultureInfo.InvariantCulture, $"{rate.Accepted:0.##} made and {rate.Refused:0.##} refused");

    private static string Age(TimeSpan age) => age switch
    {
        { TotalSeconds: < 120 } => $"{(int)age.TotalSeconds}s",
        { TotalMinutes: < 120 } => $"{(int)age.TotalMinutes}m",
        { TotalHours: < 48 } => $"{(int)age.TotalHours}h",
        _ => $"{(int)age.TotalDays}d",
    };
}
