// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Switchboard.Grants;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;

namespace Flower.Switchboard.Hosting.Configuration;

/// <summary>What the configuration file decides, checked and complete. Immutable.</summary>
public sealed class SwitchboardConfiguration
{
    private const UnixFileMode ForOwner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private const UnixFileMode ForAll = ForOwner | UnixFileMode.GroupRead | UnixFileMode.GroupWrite
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    internal SwitchboardConfiguration(ConfigurationSource source, GrantTable grants)
    {
        Source = source;
        Grants = grants;
    }

    /// <summary>Where it came from, and where it is read again.</summary>
    public ConfigurationSource Source { get; }

    /// <summary>
    /// The mode of the sockets where none is asked for: 0600, and 0666 if others than root and the owner are granted
    /// something, since who can do what is then decided by who they are.
    /// </summary>
    public UnixFileMode DefaultMode => Grants.IsForOthers ? ForAll : ForOwner;

    internal GrantTable Grants { get; }

    internal QuotaLimits PerUser { get; init; } = QuotaLimits.PerUser;

    internal QuotaLimits PerHandle { get; init; } = QuotaLimits.PerHandle;

    internal string Remedy => Source.Path is { } path
        ? $"ask its owner for one in {path}"
        : "ask its owner to start it with --config FILE, which has one";

    /// <summary>
    /// Root and the user of this process have all rights, nobody else has any, and no file changes that.
    /// </summary>
    public static SwitchboardConfiguration OwnerOnly() => WithoutFile(ConfigurationSource.None());

    /// <summary>There is no file: root and the owner have all rights.</summary>
    internal static SwitchboardConfiguration WithoutFile(ConfigurationSource source) =>
        new(source, new GrantTable([], source.Owner));

    /// <summary>What it means, in lines for people.</summary>
    public IEnumerable<string> Describe()
    {
        foreach (Grant grant in Grants.Grants)
        {
            yield return $"{grant.Place}: {string.Join(", ", grant.Who.Select(who => who.ToString()))}: {Show(grant)}";
        }

        yield return "then: root and the switchboard's own user: all rights but TAP";
        yield return "then: everybody else: nothing";
        yield return $"quotas of each other user: {PerUser}";
        yield return $"quotas of each handle that was constrained: {PerHandle}";
        yield return $"mode of the sockets, without --mode: 0{Convert.ToString((int)DefaultMode, 8)}";
    }

    private static string Show(Grant grant)
    {
        if (grant.IsRefusal)
        {
            return "nothing";
        }

        string rights = (grant.Handle.Rights & Rights.All) == Rights.All
            ? grant.Handle.Rights == Rights.All ? "all rights but TAP" : "all rights, and TAP"
            : string.Join(", ", grant.Handle.Rights.ToMessage().Select(RightNames.NameOf));
        return rights + Show("in-labels", grant.Handle.InLabels) + Show("out-labels", grant.Handle.OutLabels);
    }

    private static string Show(string what, LabelSet labels) => labels.IsEmpty ? "" : $"; {what} {labels}";
}
