// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>Signals to processes that are not our children.</summary>
public static class ProcessSignal
{
    /// <summary>Sends a signal (kill(2)).</summary>
    /// <param name="process">The process id, more than 0.</param>
    /// <param name="number">The signal's number (signal(7)).</param>
    /// <returns>False: there is no such process, or it may not be sent to.</returns>
    public static bool Send(int process, int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(process);
        return Native.Kill(process, number) == 0;
    }
}
