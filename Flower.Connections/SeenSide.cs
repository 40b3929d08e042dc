// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;

namespace Flower.Connections;

/// <summary>One side of a connection, as it was seen. Immutable.</summary>
/// <param name="Process">Who requested the connection, or registered its target: the board's word.</param>
/// <param name="Holders">The processes that hold its socket now, as far as this one may see them.</param>
/// <param name="Command">What the first of these is called, or else <paramref name="Process"/>; null: it has gone, or runs
/// in another pid namespace.</param>
internal sealed record SeenSide(ProcessInfo Process, IReadOnlyList<int> Holders, string? Command)
{
    /// <summary>The process that is shown.</summary>
    public int Pid => Holders.Count > 0 ? Holders[0] : Process.Id;

    /// <summary>The process, and how many others hold the socket.</summary>
    public string PidText => Holders.Count > 1 ? $"{Pid} +{Holders.Count - 1}" : $"{Pid}";

    /// <summary>For people; not yet safe to print.</summary>
    public string Text => $"{Command ?? "?"} {PidText}";
}
