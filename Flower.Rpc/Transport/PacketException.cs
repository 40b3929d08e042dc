// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Transport;

/// <summary>A packet that breaks the protocol. The message becomes the reason for which the session ends.</summary>
internal sealed class PacketException(string reason) : Exception(reason);
