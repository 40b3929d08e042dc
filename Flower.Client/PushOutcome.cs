// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>What became of a socket that was pushed onto the board.</summary>
/// <param name="Labels">The union of both sides' labels.</param>
/// <param name="RelayTo">
/// Null: the socket was handed over. Otherwise a connection made by an egress, which the receiver of this value owns and
/// relays to: the pushed socket went to nobody.
/// </param>
public sealed record PushOutcome(ConnectionLabels Labels, Connection? RelayTo);
