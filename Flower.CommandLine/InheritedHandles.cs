// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Rpc.Interop;

namespace Flower.CommandLine;

/// <summary>
/// The numbers of descriptors around an exec: which one the command's handle gets, and that wider handles, which we
/// inherited ourselves, stay behind.
/// </summary>
public static class InheritedHandles
{
    private const int First = 3;

    /// <summary>
    /// Makes the handles that we know of close-on-exec: the one that we opened, and the one of the environment, which
    /// may be another one.
    /// </summary>
    public static void KeepBehind(SwitchboardAddress opened)
    {
        KeepBehind(opened.Descriptor);
        if (Environment.GetEnvironmentVariable(SwitchboardAddress.Variable) is { } text
            && text.StartsWith("fd:", StringComparison.Ordinal))
        {
            KeepBehind(SwitchboardAddress.Parse(text).Descriptor);
        }
    }

    /// <summary>
    /// The number of the command's handle: that of the inherited one, which it replaces, or the lowest from 3 on that
    /// nothing inherited has.
    /// </summary>
    public static int NumberFor(SwitchboardAddress opened) =>
        opened.Descriptor >= 0 ? opened.Descriptor : LowestFree();

    /// <summary>The lowest number from 3 on that nothing inherited has.</summary>
    public static int LowestFree()
    {
        // What is closed, or the runtime's own, counts as close-on-exec.
        int number = First;
        while (!Descriptor.Borrow(number).IsCloseOnExec)
        {
            number++;
        }

        return number;
    }

    // 0 to 2 would be taken away from ourselves: the one that was opened is replaced anyway.
    private static void KeepBehind(int number)
    {
        if (number >= First)
        {
            InheritedDescriptor.CloseOnExec(number);
        }
    }
}
