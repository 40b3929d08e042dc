// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>
/// A SOCK_SEQPACKET socket for a conversation of turns on a thread that may wait: each packet with its descriptors. Owns
/// the socket. One thread.
/// </summary>
public sealed class PacketSocket(Descriptor socket, TimeSpan patience) : IDisposable
{
    /// <summary>The largest packet that is received, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    private readonly byte[] _buffer = new byte[MaxBytes];

    /// <summary>Who made the connection (SO_PEERCRED, unix(7)).</summary>
    public Credentials? Peer => StreamSocket.PeerOf(socket);

    /// <summary>Connects to a listening socket.</summary>
    /// <param name="path">Where.</param>
    /// <param name="patience">How long each turn of the other side may take.</param>
    /// <exception cref="FlowerSocketException">ENOENT, ECONNREFUSED, EACCES …</exception>
    public static PacketSocket Connect(string path, TimeSpan patience) => new(UnixSocket.ConnectPackets(path), patience);

    /// <summary>Accepts what waits on a listening socket; null: nothing does any more.</summary>
    public static Descriptor? TryAccept(Descriptor listener) => UnixSocket.TryAccept(listener, out _);

    /// <summary>Sends a packet. The descriptors stay the caller's.</summary>
    /// <exception cref="FlowerSocketException">EPIPE: the other side has gone; ETIMEDOUT: it does not read.</exception>
    public void Send(ReadOnlySpan<byte> packet, IReadOnlyList<Descriptor> descriptors)
    {
        int errno;
        while ((errno = UnixSocket.Send(socket, packet, [.. descriptors])) == Errno.Again)
        {
            Wait(Readiness.Write);
        }

        if (errno != 0)
        {
            throw new FlowerSocketException("send over the control socket", errno);
        }
    }

    /// <summary>Receives a packet, whose descriptors the caller owns. Empty and without any: the end.</summary>
    /// <exception cref="FlowerSocketException">ETIMEDOUT; EMFILE: some descriptors were lost; ECONNRESET …</exception>
    public (ReadOnlyMemory<byte> Packet, IReadOnlyList<Descriptor> Descriptors) Receive()
    {
        int errno;
        ReceivedPacket received;
        while ((errno = UnixSocket.Receive(socket, _buffer, out received)) == Errno.Again)
        {
            Wait(Readiness.Read);
        }

        received.PidFd?.Dispose();
        if (errno == 0 && (received.IsControlTruncated || received.IsTruncated))
        {
            received.DisposeDescriptors();
            errno = Errno.MFile;
        }

        return errno == 0
            ? (_buffer.AsMemory(0, received.Length), received.Descriptors ?? [])
            : throw new FlowerSocketException("receive over the control socket", errno);
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();

    private void Wait(Readiness readiness)
    {
        Span<PollItem> items = [new PollItem(socket, readiness)];
        if (!Polling.Wait(items, patience))
        {
            throw new FlowerSocketException("wait for the other switchboard", Errno.TimedOut);
        }
    }
}
