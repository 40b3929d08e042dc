// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Run.Box;

/// <summary>
/// The signals by which one asks a program to end, and which bwrap(1) must survive: it passes none of them on, and
/// takes the command with it. It is started with all of them ignored, and the command with those at their default that
/// were not ignored from the beginning. Immutable.
/// </summary>
internal sealed class IgnoredSignals
{
    private static readonly (int Number, string Name)[] Ending = [(1, "HUP"), (2, "INT"), (3, "QUIT"), (15, "TERM")];

    private readonly ProcessStatus _own;

    private IgnoredSignals(ProcessStatus own) => _own = own;

    /// <summary>All of them, as env(1) takes them.</summary>
    public static string All { get; } = string.Join(',', Ending.Select(signal => signal.Name));

    /// <summary>Those that the command has at their default, as env(1) takes them; may be empty.</summary>
    public string NotFromTheBeginning { get; private init; } = "";

    /// <summary>Looks what this process ignores, which it must do before it handles any of them itself.</summary>
    public static IgnoredSignals OfThisProcess()
    {
        ProcessStatus own = ProcessStatus.Own;
        return new(own)
        {
            NotFromTheBeginning = string.Join(
                ',', Ending.Where(signal => !own.Ignores(signal.Number)).Select(signal => signal.Name)),
        };
    }

    /// <summary>Whether a signal was ignored from the beginning, as nohup(1) does.</summary>
    public bool Contains(int signal) => _own.Ignores(signal);

    /// <summary>Whether a process ignores all of them, as no program does by accident.</summary>
    public static bool AreAllIgnoredBy(ProcessStatus process) =>
        Array.TrueForAll(Ending, signal => process.Ignores(signal.Number));
}
