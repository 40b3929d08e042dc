// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Ingress.Accepting;

/// <summary>What to do when accept(2) fails.</summary>
internal enum AcceptVerdict
{
    /// <summary>The backlog is empty: wait.</summary>
    Empty,

    /// <summary>That connection failed, and concerns nobody else: take the next.</summary>
    Next,

    /// <summary>The machine or the process is out of something: rest, then try again. The connections stay.</summary>
    Shortage,

    /// <summary>The socket does not listen any more: nothing will ever come from it.</summary>
    Gone,
}
