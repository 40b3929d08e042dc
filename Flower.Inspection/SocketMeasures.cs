// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

namespace Flower.Inspection;

/// <summary>How the socket of a connection is. Immutable.</summary>
/// <param name="State">In one word.</param>
/// <param name="ClientInode">Of the client's socket; 0: not known, or on another machine.</param>
/// <param name="TargetInode">Of the target's socket; 0: as for the client's.</param>
/// <param name="ToClient">Bytes that wait for the client to receive them; null: not known.</param>
/// <param name="ToTarget">Bytes that wait for the target to receive them; null: not known.</param>
/// <param name="Tcp">Of TCP, what its kernel measures, seen from the side that has the socket.</param>
public sealed record SocketMeasures(
    string State, uint ClientInode, uint TargetInode, long? ToClient, long? ToTarget, TcpMeasures? Tcp);
