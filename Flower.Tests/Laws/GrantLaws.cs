// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Switchboard.Grants;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flower.Tests.Laws;

/// <summary>Whatever the configuration, and whoever connects.</summary>
[FsCheck.NUnit.Properties(Arbitrary = [typeof(Arbitraries)], MaxTest = 500, QuietOnSuccess = true)]
public sealed class GrantLaws
{
    private const uint Owner = 1;

    [FsCheck.NUnit.Property]
    public bool Find_Any_TheFirstThatNamesThePeer(
        ((int, int, int)[] Who, int Rights, LabelSet Labels)[] grants, (int, int, int[]) who)
    {
        GrantTable table = Table(grants);
        SocketPeer peer = Peer(who);
        Grant? found = table.Find(peer);
        int at = found is null ? -1 : table.Grants.IndexOf(found);
        ImmutableArray<Grant> passed = at < 0 ? table.Grants : table.Grants[..at];
        return !passed.Any(g => IsNamed(g, peer))
            && (at >= 0 ? IsNamed(found!, peer) : found is null != IsPrivileged(peer));
    }

    [FsCheck.NUnit.Property]
    public bool Find_GrantsBehind_ChangeNothingForWhomIsNamed(
        ((int, int, int)[] Who, int Rights, LabelSet Labels)[] grants,
        ((int, int, int)[] Who, int Rights, LabelSet Labels)[] more,
        (int, int, int[]) who)
    {
        GrantTable table = Table(grants);
        Grant? found = table.Find(Peer(who));
        Grant? longer = new GrantTable([.. table.Grants, .. Table(more).Grants], Owner).Find(Peer(who));
        return found is null || !table.Grants.Contains(found) || ReferenceEquals(found, longer);
    }

    [FsCheck.NUnit.Property]
    public bool Open_Any_NoMoreThanOneGrantThatNamesThePeer(
        ((int, int, int)[] Who, int Rights, LabelSet Labels)[] grants, (int, int, int[]) who)
    {
        GrantTable table = Table(grants);
        SocketPeer peer = Peer(who);
        var door = new PublicDoor(new HandleTree(new QuotaTable(0, NullLogger.Instance)), NullLogger.Instance);
        door.Use(table, "");
        Handle handle;
        try
        {
            handle = door.Open(peer).Handle;
        }
        catch (RpcException e)
        {
            return e.StatusCode == StatusCode.PermissionDenied && table.Find(peer) is null or { IsRefusal: true };
        }

        return (IsPrivileged(peer) && !table.Grants.Any(g => IsNamed(g, peer)))
            || table.Grants.Any(g => IsNamed(g, peer)
                && handle.Rights == g.Handle.Rights
                && handle.InLabels.Equals(g.Handle.InLabels)
                && handle.InLabels.Labels.All(l => handle.PinnedBy(LabelSide.In, l.Key) is null));
    }

    [FsCheck.NUnit.Property]
    public bool IsForOthers_WhereSomebodyElseHasARight_True(
        ((int, int, int)[] Who, int Rights, LabelSet Labels)[] grants, (int, int, int[]) who)
    {
        GrantTable table = Table(grants);
        return IsPrivileged(Peer(who)) || table.Find(Peer(who)) is null or { IsRefusal: true } || table.IsForOthers;
    }

    private static bool IsPrivileged(SocketPeer peer) => peer.Credentials.Uid is 0 or Owner;

    // Said once more, in other words than the code's.
    private static bool IsNamed(Grant grant, SocketPeer peer) => grant.Who.Any(who => who switch
    {
        Who.User user => user.Uid == peer.Credentials.Uid,
        Who.Group group => peer.Groups.Append(peer.Credentials.Gid).Contains(group.Gid),
        Who.UidRange range => Enumerable.Range((int)range.First, (int)(range.Last - range.First + 1))
            .Contains((int)peer.Credentials.Uid),
        _ => !IsPrivileged(peer),
    });

    private static GrantTable Table(((int, int, int)[] Who, int Rights, LabelSet Labels)[] grants) => new(
        [.. grants.Select((g, i) => new Grant(
            $"grants[{i}]",
            [.. g.Who.Select(Name)],
            Handle.CreateRoot((Rights)g.Rights & Rights.All, g.Labels, LabelSet.Empty)))],
        Owner);

    private static Who Name((int Kind, int A, int B) who) => (Id(who.Kind) % 4) switch
    {
        0 => new Who.User(Id(who.A), ""),
        1 => new Who.Group(Id(who.A), ""),
        2 => new Who.UidRange(Math.Min(Id(who.A), Id(who.B)), Math.Max(Id(who.A), Id(who.B))),
        _ => new Who.Others(),
    };

    private static SocketPeer Peer((int Uid, int Gid, int[] Groups) who) =>
        new(new Credentials(1, Id(who.Uid), Id(who.Gid)), [.. who.Groups.Take(2).Select(Id)]);

    // Few numbers, so that they meet often.
    private static uint Id(int any) => (uint)any % 6;
}
