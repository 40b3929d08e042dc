// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>The state of a socket, as the kernel numbers it for every family (net/tcp_states.h).</summary>
public enum SocketState
{
    /// <summary>Never told.</summary>
    Unknown = 0,

    /// <summary>Connected.</summary>
    Established = 1,

    /// <summary>It connects.</summary>
    SynSent = 2,

    /// <summary>It is being connected.</summary>
    SynReceived = 3,

    /// <summary>It has said that it ends.</summary>
    FinWait1 = 4,

    /// <summary>That was acknowledged; the peer may still send.</summary>
    FinWait2 = 5,

    /// <summary>It is over, and stray packets are waited for.</summary>
    TimeWait = 6,

    /// <summary>Not connected.</summary>
    Close = 7,

    /// <summary>The peer has said that it ends.</summary>
    CloseWait = 8,

    /// <summary>Both have said so.</summary>
    LastAck = 9,

    /// <summary>It accepts.</summary>
    Listen = 10,

    /// <summary>Both have said so at the same time.</summary>
    Closing = 11,
}
