// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.Faults;

/// <summary>Descriptors that are no connected stream sockets, by name. The caller owns what is made.</summary>
internal static class OddDescriptors
{
    /// <summary>What is no stream socket at all.</summary>
    public static IReadOnlyDictionary<string, Func<SafeHandle>> NoStreams { get; } =
        new Dictionary<string, Func<SafeHandle>>(StringComparer.Ordinal)
        {
            ["regular file"] = () => File.OpenHandle(typeof(OddDescriptors).Assembly.Location),
            ["directory"] = () => Opened("/", OpenFlags.O_RDONLY | OpenFlags.O_DIRECTORY),
            ["device"] = () => Opened("/dev/null", OpenFlags.O_RDWR),
            ["pipe, to read"] = () => Pipe(reads: true),
            ["pipe, to write"] = () => Pipe(reads: false),
            ["UDP socket"] = () => Taken(Made(AddressFamily.InterNetwork, SocketType.Dgram)),
            ["connected UDP socket"] = ConnectedUdp,
            ["Unix datagram socket"] = () => Taken(Made(AddressFamily.Unix, SocketType.Dgram)),
            ["Unix packet socket"] = HalfAPacketPair,
            ["epoll"] = () => Descriptor.Adopt(Syscall.epoll_create(1)),
            ["eventfd"] = () => new WakeEvent().Descriptor,
            ["file in memory"] = () => MemoryFile.Create("odd"),
            ["pidfd"] = () => ProcessDescriptor.Open(Environment.ProcessId),
        };

    /// <summary>Stream sockets that are connected to nobody.</summary>
    public static IReadOnlyDictionary<string, Func<SafeHandle>> Unconnected { get; } =
        new Dictionary<string, Func<SafeHandle>>(StringComparer.Ordinal)
        {
            ["listening TCP socket"] = () => Listening(AddressFamily.InterNetwork),
            ["listening Unix socket"] = () => Listening(AddressFamily.Unix),
            ["new TCP socket"] = () => Taken(Made(AddressFamily.InterNetwork, SocketType.Stream)),
            ["new Unix socket"] = () => Taken(Made(AddressFamily.Unix, SocketType.Stream)),
        };

    /// <summary>Packet sockets that carry no session.</summary>
    public static IReadOnlyDictionary<string, Func<SafeHandle>> NoSessions { get; } =
        new Dictionary<string, Func<SafeHandle>>(StringComparer.Ordinal)
        {
            ["listening packet socket"] = () => Listening(AddressFamily.Unix, SocketType.Seqpacket),
            ["new packet socket"] = () => Taken(Made(AddressFamily.Unix, SocketType.Seqpacket)),
            ["packet socket whose other end is closed"] = HalfAPacketPair,
        };

    private static Socket Made(AddressFamily family, SocketType type) => new(family, type, ProtocolType.Unspecified);

    private static Descriptor Opened(string path, OpenFlags flags)
    {
        int number = Syscall.open(path, flags);
        Assert.That(number, Is.GreaterThanOrEqualTo(0), path);
        return Descriptor.Adopt(number);
    }

    private static Descriptor Taken(Socket socket)
    {
        using (socket)
        {
            return Descriptor.FromSocket(socket);
        }
    }

    private static Descriptor Pipe(bool reads)
    {
        _ = Syscall.pipe(out int reading, out int writing);
        _ = Syscall.close(reads ? writing : reading);
        return Descriptor.Adopt(reads ? reading : writing);
    }

    private static Descriptor HalfAPacketPair()
    {
        (Descriptor one, Descriptor other) = UnixSocket.PacketPair();
        other.Dispose();
        return one;
    }

    private static Descriptor ConnectedUdp()
    {
        Socket socket = Made(AddressFamily.InterNetwork, SocketType.Dgram);
        socket.Connect(new IPEndPoint(IPAddress.Loopback, 9));
        return Taken(socket);
    }

    private static Descriptor Listening(AddressFamily family, SocketType type = SocketType.Stream)
    {
        Socket socket = Made(family, type);
        socket.Bind(family == AddressFamily.Unix
            ? new UnixDomainSocketEndPoint($"\0flower-odd-{Guid.NewGuid():N}")
            : new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return Taken(socket);
    }
}
