// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// The packets that rules log to a group, in the network namespace in which this object was made (<c>log group</c>,
/// nft(8); linux/netfilter/nfnetlink_log.h). Needs CAP_NET_ADMIN there. When they come faster than they are read, the
/// kernel leaves some out without a word. Owns its socket; for one thread.
/// </summary>
public sealed unsafe class PacketLog : IDisposable
{
    // linux/netfilter/nfnetlink.h: struct nlmsghdr, then struct nfgenmsg, then attributes.
    private const int NetfilterBytes = 4;
    private const int Subsystem = 4;

    // linux/netfilter/nfnetlink_log.h.
    private const ushort PacketMessage = Subsystem << 8;
    private const ushort ConfigMessage = (Subsystem << 8) | 1;
    private const ushort ConfigCommand = 1;
    private const ushort ConfigMode = 2;
    private const byte Bind = 1;
    private const byte CopyPacket = 2;
    private const ushort Payload = 9;

    // Some 10,000 packets wait in it, which is more than come while a thread is not given the processor.
    private const int ReceiveBufferBytes = 8 * 1024 * 1024;
    private const int DatagramBytes = 64 * 1024;

    private readonly byte[] _datagram = new byte[DatagramBytes];

    private PacketLog(Descriptor descriptor) => Descriptor = descriptor;

    /// <summary>Takes one packet, which is gone when this returns.</summary>
    public delegate void Handler(ReadOnlySpan<byte> packet);

    /// <summary>Readable when there are packets.</summary>
    public Descriptor Descriptor { get; }

    /// <summary>Begins to receive what is logged to a group, from the beginning of the network header on.</summary>
    /// <param name="group">Which.</param>
    /// <param name="packetBytes">How much of each packet is wanted, at most.</param>
    /// <exception cref="FlowerSocketException">EPERM: no CAP_NET_ADMIN; EBUSY: somebody else has the group;
    /// EPROTONOSUPPORT or EINVAL: this kernel cannot do it.</exception>
    public static PacketLog Open(ushort group, int packetBytes)
    {
        int number = Native.Socket(
            Native.AfNetlink, Native.SockRaw | Native.SockCloExec | Native.SockNonBlock, Native.NetlinkNetfilter);
        var log = new PacketLog(
            number >= 0 ? Descriptor.Adopt(number) : throw FlowerSocketException.Last("make a netlink socket"));
        try
        {
            log.Prepare();
            log.Configure(group, ConfigCommand, [Bind]);
            Span<byte> mode = stackalloc byte[6];
            BinaryPrimitives.WriteInt32BigEndian(mode, packetBytes);
            mode[4] = CopyPacket;
            log.Configure(group, ConfigMode, mode);
            return log;
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    /// <summary>Hands over what has come, up to a number of datagrams, so that others have their turn.</summary>
    public void Read(int datagrams, Handler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        for (; datagrams > 0; datagrams--)
        {
            int count = Receive();
            if (count <= 0)
            {
                return;
            }

            ReadMessages(_datagram.AsSpan(0, count), handler);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Descriptor.Dispose();

    private static void ReadMessages(ReadOnlySpan<byte> datagram, Handler handler)
    {
        var messages = new NetlinkMessages(datagram);
        while (messages.MoveNext())
        {
            if (messages.Type == PacketMessage && messages.Payload.Length >= NetfilterBytes)
            {
                ReadAttributes(messages.Payload[NetfilterBytes..], handler);
            }
        }
    }

    private static void ReadAttributes(ReadOnlySpan<byte> bytes, Handler handler)
    {
        var attributes = new NetlinkAttributes(bytes);
        while (attributes.MoveNext())
        {
            if (attributes.Type == Payload)
            {
                handler(attributes.Value);
                return;
            }
        }
    }

    private void Prepare()
    {
        int bytes = ReceiveBufferBytes;
        if (Native.SetSockOpt(Descriptor, Native.SolSocket, Native.SoRcvBufForce, &bytes, sizeof(int)) != 0)
        {
            // No privilege outside the namespace: as much as everybody may have (net.core.rmem_max).
            _ = Native.SetSockOpt(Descriptor, Native.SolSocket, Native.SoRcvBuf, &bytes, sizeof(int));
        }

        // What was left out is sent once more by those who want to connect, so nobody needs to be told.
        int on = 1;
        _ = Native.SetSockOpt(Descriptor, Native.SolNetlink, Native.NetlinkNoENoBufs, &on, sizeof(int));
        byte* address = stackalloc byte[Native.SockAddrNetlinkBytes];
        new Span<byte>(address, Native.SockAddrNetlinkBytes).Clear();
        *(ushort*)address = Native.AfNetlink;
        if (Native.Bind(Descriptor, address, Native.SockAddrNetlinkBytes) != 0)
        {
            throw FlowerSocketException.Last("bind a netlink socket");
        }
    }

    private void Configure(ushort group, ushort attribute, ReadOnlySpan<byte> value)
    {
        const int NetfilterEnd = NetlinkMessages.HeaderBytes + NetfilterBytes;
        Span<byte> message =
            stackalloc byte[NetfilterEnd + NetlinkAttributes.HeaderBytes + NetlinkMessages.Align(value.Length)];
        message.Clear();
        NetlinkMessages.WriteHeader(message, ConfigMessage, NetlinkMessages.Request | NetlinkMessages.WithAck, 0);
        BinaryPrimitives.WriteUInt16BigEndian(message[18..], group);
        MemoryMarshal.Write(message[NetfilterEnd..], (ushort)(NetlinkAttributes.HeaderBytes + value.Length));
        MemoryMarshal.Write(message[22..], attribute);
        value.CopyTo(message[24..]);
        int errno = ConnectedSocket.Send(Descriptor, message) is int sent and < 0 ? -sent : ReadAck();
        if (errno != 0)
        {
            throw new FlowerSocketException("listen to logged packets", errno);
        }
    }

    // The kernel has answered when send(2) returns.
    private int ReadAck()
    {
        int count = Receive();
        var messages = new NetlinkMessages(_datagram.AsSpan(0, Math.Max(count, 0)));
        return count < 0 ? -count
            : messages.MoveNext() && messages.Type == NetlinkMessages.Error ? messages.ErrorNumber
            : Errno.Inval;
    }

    private int Receive() => ConnectedSocket.Receive(Descriptor, _datagram);
}
