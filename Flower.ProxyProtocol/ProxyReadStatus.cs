// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.ProxyProtocol;

/// <summary>What the bytes before a connection have been enough for.</summary>
public enum ProxyReadStatus
{
    /// <summary>So far they are as they should be; the end is missing.</summary>
    More,

    /// <summary>There is a whole header.</summary>
    Done,

    /// <summary>They are no header, or one that breaks the rules; more of them change nothing.</summary>
    Malformed,
}
