// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;

namespace Flower.CommandLine;

/// <summary>
/// Tells whoever started this process that it is ready: sd_notify(3). Without NOTIFY_SOCKET, or when nobody listens
/// there, nothing happens.
/// </summary>
public static class Notifier
{
    /// <summary>Sends READY=1.</summary>
    public static void Ready() => Send("READY=1");

    /// <summary>Sends MAINPID=: another process is the service from now on.</summary>
    public static void MainProcess(int processId) =>
        Send(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"MAINPID={processId}"));

    private static void Send(string state)
    {
        string? path = Environment.GetEnvironmentVariable("NOTIFY_SOCKET");
        if (string.IsNullOrEmpty(path))
        {
            return;
        }

        // A name that begins with '@' is in the abstract namespace, which is spelled with a NUL in the address.
        string name = path[0] == '@' ? '\0' + path[1..] : path;
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(System.Text.Encoding.UTF8.GetBytes(state), new UnixDomainSocketEndPoint(name));
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            // As sd_notify's own advice: a service works without its supervisor.
        }
    }
}
