// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;

namespace Flower.Run.Box;

/// <summary>
/// Passes signals on to a boxed command while this object lives, for bwrap(1) does not. Its signals reach the command
/// alone, as they would without a box. What comes before the command has begun ends the box; what comes after its end is ignored,
/// until this process ends. For any thread.
/// </summary>
internal sealed class SignalRelay : IDisposable
{
    private const int SecondInBox = 2;
    private const int Kill = 9;
    private const int Over = 0;

    private static readonly (PosixSignal Signal, int Number, bool IsTyped)[] Passed =
    [
        (PosixSignal.SIGHUP, 1, true), (PosixSignal.SIGINT, 2, true), (PosixSignal.SIGQUIT, 3, true),
        ((PosixSignal)10, 10, false), ((PosixSignal)12, 12, false), (PosixSignal.SIGTERM, 15, false),
    ];

    // They stay, and are not collected: a signal that the command got as well, and ended by, may still be on its way to us, and would
    // end this process in place of the command's exit code.
    private static readonly List<PosixSignalRegistration> Registrations = [];

    private readonly ChildProcess _box;
    private volatile bool _isOver;
    private int _endedBy;

    /// <summary>Begins to listen.</summary>
    /// <param name="box">The process of bwrap(1).</param>
    /// <param name="ignored">These stay ignored.</param>
    public SignalRelay(ChildProcess box, IgnoredSignals ignored)
    {
        _box = box;
        foreach ((PosixSignal signal, int number, bool isTyped) in Passed)
        {
            if (!ignored.Contains(number))
            {
                Registrations.Add(PosixSignalRegistration.Create(signal, context =>
                {
                    context.Cancel = true;
                    if (!_isOver)
                    {
                        Pass(number, isTyped);
                    }
                }));
            }
        }
    }

    /// <summary>The signal for which the box was ended before the command had begun; 0: none.</summary>
    public int EndedBy => Volatile.Read(ref _endedBy);

    public void Dispose() => _isOver = true;

    /// <summary>Ends the box as if this signal had come.</summary>
    public void Pass(int number) => Pass(number, isTyped: false);

    private void Pass(int number, bool isTyped)
    {
        if (FindCommand() is { } command)
        {
            // The terminal has sent it to the command as well.
            if (command != Over && !(isTyped && ControllingTerminal.IsOurs))
            {
                ProcessSignal.Send(command, number);
            }

            return;
        }

        Interlocked.CompareExchange(ref _endedBy, number, 0);
        _box.Signal(Kill);
    }

    // bwrap has one child, the first process of the pid namespace, and that has the command as its second. Null: it has
    // not begun.
    private int? FindCommand()
    {
        if (ProcessStatus.ChildrenOf(_box.Id) is not [int first, ..])
        {
            return null;
        }

        foreach (int child in ProcessStatus.ChildrenOf(first))
        {
            if (ProcessStatus.Of(child) is { InnermostId: SecondInBox } status)
            {
                return HasBegun(status) ? child : null;
            }
        }

        // The first process takes the filter once it has started the second one: then that has been there.
        return ProcessStatus.Of(first) is { IsFiltered: true } ? Over : null;
    }

    // Until then it is bwrap and then env, with the signals ignored that env gives back.
    private static bool HasBegun(ProcessStatus status) =>
        status.Name is not ("bwrap" or "env") || !IgnoredSignals.AreAllIgnoredBy(status);
}
