// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>One revocable connection, as <see cref="Handle.ConnectionsAsync"/> saw it.</summary>
public sealed class ConnectionInfo
{
    internal ConnectionInfo(RevocableConnection connection)
    {
        Id = connection.Id;
        ClientHandle = connection.ClientHandle;
        TargetHandle = connection.TargetHandle;
        Client = ProcessInfo.From(connection.Client);
        Target = ProcessInfo.From(connection.Target);
        Age = TimeSpan.FromMilliseconds(connection.AgeMs);
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
}
