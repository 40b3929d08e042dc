// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>How a target is chosen and how long to wait for it.</summary>
public sealed record ConnectOptions
{
    /// <summary>
    /// Wait until a matching target is registered. Implies <see cref="RelatedOnly"/>. Default: false.
    /// </summary>
    public bool Wait { get; init; }

    /// <summary>Never take a target that has nothing in common with the labels. Default: false.</summary>
    public bool RelatedOnly { get; init; }

    /// <summary>
    /// The connection can be shut down by <see cref="Handle.RevokeConnectionAsync"/>, and is when a handle is revoked that
    /// it was made over. Costs two descriptors in the switchboard, and one thing more: whoever has the end that the
    /// switchboard holds (the client; of a pushed socket, the server) must shut the socket down before closing it, or the
    /// peer sees no end of the stream until this process ends. <see cref="Connection.Dispose"/> does so. Default: false.
    /// </summary>
    public bool Revocable { get; init; }

    /// <summary>How long the whole call may take. Default: null, without end.</summary>
    public TimeSpan? Timeout { get; init; }

    internal DateTime? Deadline => Timeout is { } timeout ? DateTime.UtcNow + timeout : null;
}
