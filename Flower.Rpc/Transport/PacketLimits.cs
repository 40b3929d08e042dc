// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Transport;

/// <summary>The limits of a session, the same for both ends.</summary>
public static class PacketLimits
{
    /// <summary>The largest packet, in bytes.</summary>
    public const int MaxPacketBytes = 64 * 1024;

    /// <summary>The largest start of a call, its metadata included, in bytes.</summary>
    public const int MaxStartBytes = 8 * 1024;

    /// <summary>The most open calls of a session.</summary>
    public const int MaxCalls = 1024;

    /// <summary>Messages that may be sent on a stream before the receiver grants more.</summary>
    public const int InitialCredit = 32;

    /// <summary>The most bytes that wait for a peer which does not read; beyond it the session ends.</summary>
    public const int MaxQueuedBytes = 1024 * 1024;

    /// <summary>How long a peer may leave its socket unwritable before the session ends.</summary>
    public static readonly TimeSpan MaxUnwritable = TimeSpan.FromSeconds(10);

    /// <summary>The version of the protocol that <c>Hello</c> states.</summary>
    public const uint Version = 1;
}
