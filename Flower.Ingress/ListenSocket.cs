// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.CommandLine;
using Mono.Unix.Native;

namespace Flower.Ingress;

/// <summary>
/// The listening socket. Owns it, and the file of a Unix socket, which it removes. Only this socket sees asynchronous
/// I/O: what it accepts is blocking, as on Linux O_NONBLOCK is not inherited (accept(2)).
/// </summary>
internal sealed class ListenSocket : IDisposable
{
    private const int Backlog = 4096;

    private readonly string? _path;

    private ListenSocket(Socket socket, string? path)
    {
        Socket = socket;
        _path = path;
    }

    public Socket Socket { get; }

    /// <summary>Where it really listens: with the port that the kernel chose.</summary>
    public string Name => _path is null ? Socket.LocalEndPoint!.ToString()! : "unix:" + _path;

    /// <exception cref="ToolException">The address is in use, or is not this machine's, or not allowed.</exception>
    public static ListenSocket Open(ListenAddress address)
    {
        Socket socket = Create(address.EndPoint);
        try
        {
            Bind(socket, address);
            socket.Listen(Backlog);
            return new(socket, address.Path);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw Explain(e, address);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        // The file first: nobody may find it without a listener behind it.
        if (_path is not null)
        {
            File.Delete(_path);
        }

        Socket.Dispose();
    }

    private static Socket Create(EndPoint endPoint)
    {
        if (endPoint is UnixDomainSocketEndPoint)
        {
            return new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        }

        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (endPoint is IPEndPoint { AddressFamily: AddressFamily.InterNetworkV6 } six)
        {
            socket.DualMode = six.Address.Equals(IPAddress.IPv6Any);
        }

        // Not ReuseAddress, which .NET widens to SO_REUSEPORT: a plain restart over TIME_WAIT already works, since
        // .NET sets SO_REUSEADDR by itself when it binds.
        return socket;
    }

    private static void Bind(Socket socket, ListenAddress address)
    {
        try
        {
            socket.Bind(address.EndPoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse
            && address.Path is { } path && IsDeadSocket(path, address.EndPoint))
        {
            File.Delete(path);
            socket.Bind(address.EndPoint);
        }
    }

    private static bool IsDeadSocket(string path, EndPoint endPoint)
    {
        if (Syscall.lstat(path, out Stat stat) != 0 || (stat.st_mode & FilePermissions.S_IFMT) != FilePermissions.S_IFSOCK)
        {
            return false;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(endPoint);
            return false;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.ConnectionRefused;
        }
    }

    private static ToolException Explain(SocketException e, ListenAddress address)
    {
        string where = address.Path ?? address.EndPoint.ToString()!;
        return e.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse when address.Path is not null => new(
                ExitCodes.Unavailable, $"{where} exists and is in use: stop who listens there, or choose another path", e),
            SocketError.AddressAlreadyInUse => new(
                ExitCodes.Unavailable, $"{where} is in use: stop who listens there, or choose another port", e),
            SocketError.AccessDenied => new(
                ExitCodes.Denied, $"no permission to listen on {where}", e),
            SocketError.AddressNotAvailable when address.Path is null => new(
                ExitCodes.Unavailable, $"{where} is not an address of this machine", e),
            _ => new(ExitCodes.Failed, $"cannot listen on {where}: {e.Message}", e),
        };
    }
}
