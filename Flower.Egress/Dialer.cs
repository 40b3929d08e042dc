// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;

namespace Flower.Egress;

/// <summary>
/// Connects with blocking calls only, each on a thread of its own: an asynchronous connect would leave O_NONBLOCK on
/// the
/// socket, for its next owner too. SO_SNDTIMEO bounds a blocking connect (socket(7)).
/// </summary>
internal static class Dialer
{
    // Below the board's accept deadline of 5 s, so that the client reads the reason and not just that time ran out.
    private const int TimeoutMilliseconds = 4000;

    /// <exception cref="DialException">The connection could not be made.</exception>
    public static Task<Socket> ConnectAsync(Destination destination) => Task.Factory.StartNew(
        () => Connect(destination), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static Socket Connect(Destination destination)
    {
        Socket? socket = null;
        try
        {
            bool local = destination.EndPoint is UnixDomainSocketEndPoint;
            socket = new Socket(
                destination.EndPoint.AddressFamily, SocketType.Stream, local ? ProtocolType.Unspecified : ProtocolType.Tcp)
            {
                SendTimeout = TimeoutMilliseconds,
            };
            socket.Connect(destination.EndPoint);
            socket.SendTimeout = 0;
            return socket;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            throw new DialException(Words(e, destination), e);
        }
    }

    private static string Words(SocketException e, Destination destination) => e.SocketErrorCode switch
    {
        SocketError.AddressNotAvailable when destination.EndPoint is UnixDomainSocketEndPoint =>
            $"there is no socket {destination}",
        SocketError.ConnectionRefused => $"connection refused by {destination}",
        SocketError.TimedOut or SocketError.WouldBlock or SocketError.InProgress or SocketError.AlreadyInProgress =>
            $"{destination} did not answer within {TimeoutMilliseconds / 1000} s",
        SocketError.HostUnreachable or SocketError.HostDown => $"no route to {destination}",
        SocketError.NetworkUnreachable or SocketError.NetworkDown => $"no network to {destination}",
        SocketError.AccessDenied => $"no permission to connect to {destination}",
        SocketError.TooManyOpenSockets => $"the egress has no descriptor left to connect to {destination}",
        SocketError.AddressFamilyNotSupported => $"this machine has no address family for {destination}",
        _ => $"cannot connect to {destination}: {e.Message}",
    };
}
