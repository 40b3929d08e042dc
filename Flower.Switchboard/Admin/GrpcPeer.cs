// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Switchboard.Sessions;

namespace Flower.Switchboard.Admin;

/// <summary>Who made a connection to the gRPC door, and was admitted. Immutable; a feature of the connection.</summary>
/// <param name="Peer">The process, as it was when it connected.</param>
/// <param name="Node">The handle that it counts for, which stands in no tree.</param>
internal sealed record GrpcPeer(SocketPeer Peer, HandleNode Node);
