// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Rpc.Interop;

namespace Flower.Run.Agent;

/// <summary>A connection of the board's that waits for the program in the box that wanted it.</summary>
/// <param name="Connection">Owned by whoever expects it, until it has arrived.</param>
/// <param name="Arrived">Takes the program's socket, and the connection.</param>
/// <param name="Missed">Nobody came; the connection is closed.</param>
internal sealed record Arrival(Connection Connection, Action<Descriptor> Arrived, Action Missed);
