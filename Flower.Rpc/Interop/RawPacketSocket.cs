// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// Sends IP packets that are whole already, network header included, each with the same mark (SO_MARK, socket(7)), in
/// the network namespace in which this object was made (raw(7)). Needs CAP_NET_RAW and CAP_NET_ADMIN there. Owns its
/// socket; for one thread.
/// </summary>
public sealed unsafe class RawPacketSocket : IDisposable
{
    private readonly Descriptor _descriptor;

    private RawPacketSocket(Descriptor descriptor) => _descriptor = descriptor;

    /// <summary>Makes one.</summary>
    /// <exception cref="FlowerSocketException">EPERM: a capability is missing; EAFNOSUPPORT.</exception>
    public static RawPacketSocket Create(AddressFamily family, uint mark)
    {
        int number = Native.Socket(
            family == AddressFamily.InterNetwork ? Native.AfInet : Native.AfInet6,
            Native.SockRaw | Native.SockCloExec | Native.SockNonBlock,
            Native.IpProtoRaw);
        var socket = new RawPacketSocket(
            number >= 0 ? Descriptor.Adopt(number) : throw FlowerSocketException.Last("make a raw socket"));
        if (Native.SetSockOpt(socket._descriptor, Native.SolSocket, Native.SoMark, &mark, sizeof(uint)) != 0)
        {
            FlowerSocketException failure = FlowerSocketException.Last("mark packets");
            socket.Dispose();
            throw failure;
        }

        return socket;
    }

    /// <summary>Sends a packet. 0, or the error number.</summary>
    public int TrySend(ReadOnlySpan<byte> packet, IPAddress destination)
    {
        SocketAddress name = new IPEndPoint(destination, 0).Serialize();
        fixed (byte* bytes = packet, address = name.Buffer.Span)
        {
            var vector = new Native.IoVector { Base = bytes, Length = (nuint)packet.Length };
            var message = new Native.MessageHeader
            {
                Name = address,
                NameLength = (uint)name.Size,
                Vectors = &vector,
                VectorCount = 1,
            };
            return Native.SendMsg(_descriptor, &message, Native.MsgDontWait) >= 0 ? 0 : Marshal.GetLastPInvokeError();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _descriptor.Dispose();
}
