// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>How a <see cref="Forwarder"/> connects, and what its socket is called.</summary>
public sealed record ForwardOptions
{
    /// <summary>
    /// The name of the socket in its folder: some programs are told the folder alone, and know the name themselves, such as
    /// <c>.s.PGSQL.5432</c>. Default: <c>socket</c>.
    /// </summary>
    public string FileName { get; init; } = "socket";

    /// <summary>How a target is chosen, and how long to wait for it. Default: as for <see cref="Handle.ConnectAsync"/>.</summary>
    public ConnectOptions Connect { get; init; } = new();

    /// <summary>
    /// Told why a connection was refused, on a thread of the pool, since whoever connected only sees the end of it. Must be short,
    /// and throw nothing. Default: null, nobody.
    /// </summary>
    public Action<FlowerException>? Observer { get; init; }
}
