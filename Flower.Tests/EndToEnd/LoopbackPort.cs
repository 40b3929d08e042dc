// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;

namespace Flower.Tests.EndToEnd;

/// <summary>A port for a server that takes no port 0.</summary>
internal static class LoopbackPort
{
    /// <summary>One of 127.0.0.1 that nobody has. Another program could take it meanwhile, and then the server says so.</summary>
    public static int Free()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    /// <summary>Whether somebody listens there.</summary>
    public static bool Answers(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
