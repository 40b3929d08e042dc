// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Ingress.Listening;

/// <summary>How sockets are made. Those that were inherited have what their maker gave them.</summary>
internal sealed record BindOptions
{
    /// <summary>Connections that the kernel keeps until they are accepted. Default: 4096.</summary>
    public int Backlog { get; init; } = 4096;

    /// <summary>Share the port with other processes of this user that ask for it too (SO_REUSEPORT).</summary>
    public bool ReusePort { get; init; }

    /// <summary>Send small pieces at once (TCP_NODELAY).</summary>
    public bool NoDelay { get; init; }

    /// <summary>Ask a TCP client that is silent for so long whether it is still there. Default: null, never.</summary>
    public TimeSpan? KeepAlive { get; init; }
}
