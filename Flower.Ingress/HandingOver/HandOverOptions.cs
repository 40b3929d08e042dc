// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Protocol;

namespace Flower.Ingress.HandingOver;

/// <summary>How connections are matched.</summary>
internal sealed record HandOverOptions
{
    /// <summary>Labels of every connection.</summary>
    public LabelSet Labels { get; init; } = LabelSet.Empty;

    // Longer than the board's own deadline for a server, three times over, whose words are better than "too late".
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(16);

    /// <summary>How each is connected; with a time limit. Default: at once, or it is refused.</summary>
    public ConnectOptions Connecting { get; init; } = ConnectingWithin(TimeSpan.Zero);

    /// <summary>Held for so long until a matching server takes it; zero: refused at once if there is none.</summary>
    public static ConnectOptions ConnectingWithin(TimeSpan wait) => wait > TimeSpan.Zero
        ? new() { Wait = true, Timeout = wait }
        : new() { Timeout = Patience };

    /// <summary>How many connections may be accepted and not yet matched. Default: 1024.</summary>
    public int MaxWaiting { get; init; } = 1024;

    /// <summary>How many of them may come from one address: the last quarter is for the others.</summary>
    public int MaxOfAddress => MaxWaiting - (MaxWaiting / 4);
}
