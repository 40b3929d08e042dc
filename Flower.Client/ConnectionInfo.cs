// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>One open connection, as <see cref="Handle.ConnectionsAsync"/> saw it.</summary>
public sealed class ConnectionInfo
{
    internal ConnectionInfo(LiveConnection connection)
    {
        Id = connection.Id;
        ClientHandle = connection.ClientHandle;
        TargetHandle = connection.TargetHandle;
        Client = ProcessInfo.From(connection.Client);
        Target = ProcessInfo.From(connection.Target);
        Age = TimeSpan.FromMilliseconds(connection.AgeMs);
        ClientLabels = new(connection.ClientLabels);
        TargetLabels = new(connection.TargetLabels);
        Kind = connection.Kind;
        IsRevocable = connection.Revocable;
        SocketCookie = connection.SocketCookie;
        NetworkCookie = connection.NetworkCookie;
    }

    /// <summary>For <see cref="Handle.RevokeConnectionAsync"/>; both sides have it as the label flower.connection_id.</summary>
    public ulong Id { get; }

    /// <summary>The handle over which it was requested, which may not be live any more.</summary>
    public ulong ClientHandle { get; }

    /// <summary>The handle over which its target was registered, which may not be live any more.</summary>
    public ulong TargetHandle { get; }

    /// <summary>Who requested it.</summary>
    public ProcessInfo Client { get; }

    /// <summary>Who registered the target.</summary>
    public ProcessInfo Target { get; }

    /// <summary>How long it has been there.</summary>
    public TimeSpan Age { get; }

    /// <summary>The labels with which it was requested, and what is attested of the client.</summary>
    public ConnectionLabels ClientLabels { get; }

    /// <summary>The labels of the target, and what is attested of it.</summary>
    public ConnectionLabels TargetLabels { get; }

    /// <summary>What was connected.</summary>
    public ConnectionKind Kind { get; }

    /// <summary><see cref="Handle.RevokeConnectionAsync"/> can take it back.</summary>
    public bool IsRevocable { get; }

    /// <summary>
    /// The number by which the kernel knows one of its sockets (SO_COOKIE): of a pair the client's, of what was pushed the
    /// pushed one, and otherwise the egress's. 0: not known.
    /// </summary>
    public ulong SocketCookie { get; }

    /// <summary>The number of the network namespace of that socket (SO_NETNS_COOKIE); 0: not known.</summary>
    public ulong NetworkCookie { get; }
}
