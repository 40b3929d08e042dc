// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Ingress.Peek;

/// <summary>What the first bytes of a connection have been enough for.</summary>
internal enum PeekStatus
{
    /// <summary>So far they are as they should be; the end is missing.</summary>
    More,

    /// <summary>All that was looked for has been read, or is certainly not there.</summary>
    Done,

    /// <summary>They are no such protocol, or break its rules; more of them change nothing.</summary>
    Malformed,
}
