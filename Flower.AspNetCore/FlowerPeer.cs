// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Numerics;
using Flower.Client;
using Flower.Protocol.V1;

namespace Flower.AspNetCore;

/// <summary>
/// The process at the other side of a connection, from the labels that the switchboard attests: nobody can state them about
/// itself. Null is what it does not know.
/// </summary>
public sealed record FlowerPeer
{
    private const string Prefix = "flower.client_";

    internal FlowerPeer(ConnectionLabels labels)
    {
        UserId = Number<uint>(labels, "uid");
        GroupId = Number<uint>(labels, "gid");
        ProcessId = Number<int>(labels, "pid");
        ControlGroup = Attested(labels, "cgroup");
        Unit = Attested(labels, "unit");
        UserUnit = Attested(labels, "user_unit");
    }

    /// <summary>Its user (<c>flower.client_uid</c>).</summary>
    public uint? UserId { get; }

    /// <summary>Its group (<c>flower.client_gid</c>).</summary>
    public uint? GroupId { get; }

    /// <summary>Its id, in the switchboard's pid namespace (<c>flower.client_pid</c>).</summary>
    public int? ProcessId { get; }

    /// <summary>Its control group of version 2 (<c>flower.client_cgroup</c>).</summary>
    public string? ControlGroup { get; }

    /// <summary>The systemd unit that it is in (<c>flower.client_unit</c>).</summary>
    public string? Unit { get; }

    /// <summary>The unit of its user's own manager, which is that user's word (<c>flower.client_user_unit</c>).</summary>
    public string? UserUnit { get; }

    private static T? Number<T>(ConnectionLabels labels, string key)
        where T : struct, INumber<T> =>
        T.TryParse(Attested(labels, key), NumberStyles.None, CultureInfo.InvariantCulture, out T number) ? number : null;

    private static string? Attested(ConnectionLabels labels, string key)
    {
        foreach (ConnectionLabel label in labels)
        {
            if (label.Source == Source.Attested
                && label.Key.StartsWith(Prefix, StringComparison.Ordinal)
                && label.Key.AsSpan(Prefix.Length).SequenceEqual(key))
            {
                return label.Value;
            }
        }

        return null;
    }
}
