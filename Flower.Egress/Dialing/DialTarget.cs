// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using Flower.Rpc.Interop;

namespace Flower.Egress.Dialing;

/// <summary>
/// What is connected to, exactly: an address and port, a path, or a file that a path led to when it was looked at. Owns
/// that file's descriptor.
/// </summary>
internal sealed class DialTarget : IDisposable
{
    private readonly EndPoint? _endPoint;
    private readonly SocketPath? _file;
    private readonly string _name;

    public DialTarget(EndPoint endPoint)
    {
        _endPoint = endPoint;
        _name = endPoint is UnixDomainSocketEndPoint ? $"unix:{endPoint}" : endPoint.ToString()!;
    }

    public DialTarget(SocketPath file)
    {
        _file = file;
        _name = $"unix:{file.Location}";
    }

    public AddressFamily Family => _endPoint?.AddressFamily ?? AddressFamily.Unix;

    /// <summary>As <see cref="OutgoingSocket"/> says.</summary>
    public int Connect(Descriptor socket) => _endPoint is not null
        ? OutgoingSocket.Connect(socket, _endPoint)
        : OutgoingSocket.Connect(socket, _file!);

    public void Dispose() => _file?.Dispose();

    public override string ToString() => _name;
}
