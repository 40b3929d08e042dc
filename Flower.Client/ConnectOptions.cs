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

    /// <summary>How long the whole call may take. Default: null, without end.</summary>
    public TimeSpan? Timeout { get; init; }

    internal DateTime? Deadline => Timeout is { } timeout ? DateTime.UtcNow + timeout : null;
}
