// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Serve;

/// <summary>How connections are served.</summary>
internal sealed record ServeOptions
{
    /// <summary>The default of <see cref="Max"/>.</summary>
    public const int DefaultMax = 128;

    /// <summary>The most connections at once, 1 to 4,096. Default: 128.</summary>
    public int Max { get; init; } = DefaultMax;

    /// <summary>How long what goes on may take to finish. Default: 30 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Say more than what goes wrong. Default: false.</summary>
    public bool Verbose { get; init; }
}
