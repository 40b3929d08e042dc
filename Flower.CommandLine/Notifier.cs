// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics;
using System.Globalization;
using Flower.Rpc.Interop;

namespace Flower.CommandLine;

/// <summary>
/// Tells whoever started this process that it is ready: sd_notify(3). Without NOTIFY_SOCKET, or when nobody listens
/// there, nothing happens.
/// </summary>
public static class Notifier
{
    /// <summary>The variable that says where whoever started this process listens.</summary>
    public const string Variable = "NOTIFY_SOCKET";

    /// <summary>Sends READY=1.</summary>
    public static void Ready() => Send("READY=1");

    /// <summary>Sends MAINPID=: another process is the service from now on.</summary>
    public static void MainProcess(int processId) =>
        Send(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"MAINPID={processId}"));

    /// <summary>
    /// Sends RELOADING=1 with the time, by which systemd tells this reload from an earlier one (Type=notify-reload,
    /// systemd.service(5)). READY=1 follows when it is over.
    /// </summary>
    public static void Reloading()
    {
        // CLOCK_MONOTONIC, which is what Stopwatch reads on Linux.
        long microseconds = (long)Stopwatch.GetElapsedTime(0).TotalMicroseconds;
        Send(string.Create(CultureInfo.InvariantCulture, $"RELOADING=1\nMONOTONIC_USEC={microseconds}"));
    }

    /// <summary>
    /// Sends READY=1 after <see cref="Reloading"/>, with one line that <c>systemctl status</c> shows.
    /// </summary>
    public static void Reloaded(string status) => Send($"READY=1\nSTATUS={status}");

    private static void Send(string state)
    {
        using NotifySocket? manager = NotifySocket.FromEnvironment();
        manager?.Send(state);
    }
}
