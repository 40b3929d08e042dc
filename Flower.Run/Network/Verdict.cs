// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Run.Network;

/// <summary>What becomes of a connection that a program in the box wants to make.</summary>
internal enum Verdict
{
    /// <summary>The agent takes it, and relays.</summary>
    Accept,

    /// <summary>connect(2) fails with ECONNREFUSED: the destination did not take it.</summary>
    Refuse,

    /// <summary>connect(2) fails with EHOSTUNREACH: there is no such destination, or it is not allowed.</summary>
    Unreachable,
}
