// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;

namespace Flower.AspNetCore;

/// <summary>
/// What Kestrel listens on instead of an address: a server on a switchboard, under labels. Nothing is opened before the host
/// starts.
/// </summary>
public sealed class FlowerEndPoint : EndPoint
{
    /// <summary>A server under these labels.</summary>
    /// <param name="labels">As <see cref="Handle.ListenAsync"/> takes them.</param>
    public FlowerEndPoint(LabelSet labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        Labels = labels;
    }

    /// <summary>A server under labels as one writes them on a command line.</summary>
    /// <param name="labels"><c>key=value</c>, <c>+key</c> or <c>+key=value</c> each.</param>
    /// <exception cref="FormatException">One is no label.</exception>
    public FlowerEndPoint(params string[] labels)
        : this(LabelSet.ParseWords(labels))
    {
    }

    /// <summary>The labels that it registers under.</summary>
    public LabelSet Labels { get; }

    /// <summary>
    /// Where the switchboard is: <c>unix:/path</c>, <c>/path</c> or <c>fd:N</c>. Default: null, see
    /// <see cref="SwitchboardAddress.Default"/>.
    /// </summary>
    public string? Switchboard { get; init; }

    /// <summary>
    /// The handle to register over, which stays the caller's and must outlive the host. Default: null, one of its own at
    /// <see cref="Switchboard"/>.
    /// </summary>
    public Handle? Handle { get; init; }

    /// <summary>
    /// What a handle of its own does when the switchboard goes away. Default: it waits for it without end, and both going and
    /// coming back are logged.
    /// </summary>
    public HandleOptions HandleOptions { get; init; } = new() { Reconnect = Timeout.InfiniteTimeSpan };

    /// <summary>Credit, weight, and whether it drains to begin with. Default: those of <see cref="ListenOptions"/>.</summary>
    public ListenOptions Listen { get; init; } = new();

    /// <summary>
    /// How many connections it has at most, at least 1: further ones are refused as too much, so that clients that balance
    /// are given another server. Default: null, no limit.
    /// </summary>
    public int? MaxConnections { get; init; }

    /// <inheritdoc/>
    public override AddressFamily AddressFamily => AddressFamily.Unspecified;

    /// <summary>The labels after <c>flower:</c>, safe for a terminal.</summary>
    public override string ToString() => "flower:" + LabelRules.Printable(Labels.ToString());
}
