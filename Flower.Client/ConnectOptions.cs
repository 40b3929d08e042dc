// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

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

    /// <summary>
    /// How one of several targets that match equally well is picked; other than none, it implies <see cref="RelatedOnly"/>.
    /// Weighted: at random, in proportion to their weights. Round robin: in turn. Least: the one with the fewest open
    /// connections for its weight; of more than 8, the better one of two that are drawn at random. One that drains is never
    /// picked. One that went away, is overloaded, or does not answer in time is skipped: see <see cref="MaxTries"/>. Default:
    /// none, and several that match equally well are an error (FAILED_PRECONDITION).
    /// </summary>
    public Balance Balance { get; init; }

    /// <summary>
    /// With <see cref="Balance"/>, how many targets are tried at most, 1 to 16. With 1, a pushed socket may be sent to the
    /// server with the offer; with more it is sent when the server has accepted. Default: 0, the switchboard's: 3.
    /// </summary>
    public int MaxTries { get; init; }

    /// <summary>How long the whole call may take. Default: null, without end.</summary>
    public TimeSpan? Timeout { get; init; }

    internal uint Tries => MaxTries >= 0
        ? (uint)MaxTries
        : throw new InvalidOperationException("MaxTries is 1 to 16, or 0 for the switchboard's default");

    internal TimeLimit BeginLimit() => new(Timeout, TimeProvider.System);
}
