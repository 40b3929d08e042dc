// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Ingress.Peek;

/// <summary>What is looked for in the first bytes of a connection, and within which limits.</summary>
internal sealed record FirstBytesOptions
{
    /// <summary>A connection must begin with a PROXY header.</summary>
    public bool ProxyHeader { get; init; }

    /// <summary>What follows, and may give labels.</summary>
    public PeekProtocols Protocols { get; init; }

    /// <summary>A connection without such a label is refused.</summary>
    public bool RequireLabel { get; init; }

    /// <summary>How long all this may take. Default: 3 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How many bytes are looked at, behind a PROXY header. Default: 16 KiB.</summary>
    public int MaxBytes { get; init; } = 16 * 1024;

    /// <summary>How many connections may be looked at at once. Default: 4096.</summary>
    public int MaxPeeking { get; init; } = 4096;

    /// <summary>There is something to look for.</summary>
    public bool IsAny => ProxyHeader || Protocols != PeekProtocols.None;
}
