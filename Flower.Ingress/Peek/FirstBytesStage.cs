// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Ingress.Peek;

/// <summary>What the next unread bytes of a connection are.</summary>
internal enum FirstBytesStage
{
    /// <summary>The PROXY header, which is consumed.</summary>
    ProxyHeader,

    /// <summary>What the client says to the server, which is left alone.</summary>
    Peek,
}
