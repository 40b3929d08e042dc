// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.CommandLine;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Mono.Unix.Native;

namespace Flower.Ingress.Listening;

/// <summary>
/// Makes listening sockets. Their options are set on the listener: on Linux accepted sockets inherit them (tcp(7)), so
/// that they cost nothing per connection.
/// </summary>
internal static class Binding
{
    // asm-generic/socket.h. .NET's ReuseAddress sets both this and SO_REUSEADDR, and has no name for this one alone.
    private const int SolSocket = 1;
    private const int SoReusePort = 15;
    private const int KeepAliveProbes = 3;

    /// <exception cref="ToolException">The address is in use, or is not this machine's, or not allowed.</exception>
    public static ListenSocket Open(IPEndPoint endPoint, BindOptions options)
    {
        try
        {
            using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            SetOptions(socket, endPoint, options);
            socket.Bind(endPoint);
            socket.Listen(options.Backlog);
            return ListenSocket.Adopt(Descriptor.FromSocket(socket), inherited: false, file: null);
        }
        catch (SocketException e)
        {
            throw e.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => new(
                    ExitCodes.Unavailable, $"{endPoint} is in use: stop who listens there, or choose another port", e),
                SocketError.AccessDenied => new(ExitCodes.Denied, $"no permission to listen on {endPoint}", e),
                SocketError.AddressNotAvailable => new(
                    ExitCodes.Unavailable, $"{endPoint} is not an address of this machine", e),
                _ => new ToolException(ExitCodes.Failed, $"cannot listen on {endPoint}: {e.Message}", e),
            };
        }
    }

    /// <exception cref="ToolException">The path is in use, or cannot be made.</exception>
    public static ListenSocket Open(string path, BindOptions options)
    {
        // Not by .NET's Socket, which removes the file when it is disposed, whoever else has the socket by then.
        try
        {
            return ListenSocket.Adopt(Bind(path, options.Backlog), inherited: false, path);
        }
        catch (FlowerSocketException e)
        {
            throw e.Name switch
            {
                "EADDRINUSE" => new(
                    ExitCodes.Unavailable,
                    $"{path} exists and is in use: stop who listens there, or choose another path",
                    e),
                "EACCES" or "EPERM" or "EROFS" => new(ExitCodes.Denied, $"no permission to listen on {path}", e),
                _ => new ToolException(ExitCodes.Failed, $"cannot {e.Message}", e),
            };
        }
    }

    // Not ReuseAddress, which .NET widens to SO_REUSEPORT: a plain restart over TIME_WAIT already works, since .NET
    // sets SO_REUSEADDR by itself when it binds.
    private static void SetOptions(Socket socket, IPEndPoint endPoint, BindOptions options)
    {
        if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
        {
            socket.DualMode = endPoint.Address.Equals(IPAddress.IPv6Any);
        }

        if (options.ReusePort)
        {
            socket.SetRawSocketOption(SolSocket, SoReusePort, BitConverter.GetBytes(1));
        }

        socket.NoDelay = options.NoDelay;
        if (options.KeepAlive is { } idle)
        {
            int seconds = Math.Max(1, (int)idle.TotalSeconds);
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, seconds);
            socket.SetSocketOption(
                SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, Math.Max(1, seconds / KeepAliveProbes));
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
        }
    }

    private static Descriptor Bind(string path, int backlog)
    {
        try
        {
            return UnixSocket.ListenStream(path, backlog);
        }
        catch (FlowerSocketException e) when (e.Name == "EADDRINUSE" && IsDeadSocket(path))
        {
            File.Delete(path);
            return UnixSocket.ListenStream(path, backlog);
        }
    }

    private static bool IsDeadSocket(string path)
    {
        if (Syscall.lstat(path, out Stat stat) != 0
            || (stat.st_mode & FilePermissions.S_IFMT) != FilePermissions.S_IFSOCK)
        {
            return false;
        }

        try
        {
            UnixSocket.ConnectStream(path).Dispose();
            return false;
        }
        catch (FlowerSocketException e)
        {
            return e.Name == "ECONNREFUSED";
        }
    }
}
