// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

namespace Flower.Inspection;

/// <summary>The state of a socket in one word.</summary>
public static class StateWord
{
    /// <summary>The state of what nobody can ask the kernel about.</summary>
    public const string Unknown = "unknown";

    /// <summary>The word; for TCP, but for <c>open</c>, that of ss(8).</summary>
    public static string Of(DiagnosedSocket socket) => socket.IsTcp
        ? socket.State switch
        {
            SocketState.Established => "open",
            SocketState.SynSent => "syn-sent",
            SocketState.FinWait1 => "fin-wait-1",
            SocketState.FinWait2 => "fin-wait-2",
            SocketState.CloseWait => "close-wait",
            SocketState.LastAck => "last-ack",
            SocketState.Closing => "closing",
            _ => Unknown,
        }
        : (socket.HasEndedReceiving, socket.HasEndedSending) switch
        {
            (false, false) => "open",
            (true, true) => "shut-down",
            _ => "half-closed",
        };
}
