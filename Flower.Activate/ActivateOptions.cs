// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Activate;

/// <summary>What <c>flower activate</c> was told. Immutable.</summary>
internal sealed record ActivateOptions
{
    /// <summary>The name that is held.</summary>
    public required LabelSet Labels { get; init; }

    /// <summary>How long the server may have nothing to do before it is stopped; zero: it is not.</summary>
    public required TimeSpan Idle { get; init; }

    /// <summary>How long the server has to end after SIGTERM.</summary>
    public required TimeSpan StopTimeout { get; init; }

    /// <summary>Each start and stop is said.</summary>
    public bool Verbose { get; init; }
}
