// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.Rpc.Interop;

namespace Flower.Tests.Rpc;

/// <summary>
/// A TCP socket on loopback whose close(2) waits for an hour: it lingers, and its peer does not read what is on its way.
/// </summary>
internal sealed class LingeringSocket : IDisposable
{
    private readonly Socket _peer;

    public LingeringSocket()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(1);
        using (var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            socket.Connect(listener.LocalEndPoint!);
            _peer = listener.Accept();
            socket.Blocking = false;
            try
            {
                while (true)
                {
                    socket.Send(new byte[65536]);
                }
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
            {
                // Full.
            }

            socket.Blocking = true;
            Descriptor = Descriptor.FromSocket(socket);
        }

        using var file = new Socket(Descriptor.Duplicate().ToSocketHandle());
        file.LingerState = new LingerOption(true, 3600);
        // Whoever closes it last.
        Descriptor.ClosesElsewhere = true;
        Linger = file.LingerState!.LingerTime;
    }

    public Descriptor Descriptor { get; }

    public int Linger { get; }

    public void Dispose()
    {
        Descriptor.Dispose();
        _peer.Dispose();
    }
}
