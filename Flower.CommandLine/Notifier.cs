// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

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
        using NotifySocket? manager = NotifySocket.FromEnvironment();
        manager?.Send(state);
    }
}
