// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Rpc.Interop;

/// <summary>
/// Takes something away from this process, or from a thread and each program that is started on it from then on.
/// </summary>
public static unsafe class Confinement
{
    /// <summary>
    /// Forbids connect(2) and bind(2) on TCP sockets, wherever they come from: a socket belongs to the network in which
    /// it was made, and its holder can otherwise disconnect it there (AF_UNSPEC, connect(2)) and connect it to another
    /// address. Needs Linux 6.7 with Landlock (landlock(7)). Also sets no_new_privs (prctl(2)).
    /// </summary>
    /// <returns>
    /// 0, or the error number: ENOSYS or EOPNOTSUPP where there is no Landlock, EINVAL where it is older.
    /// </returns>
    public static int ForbidTcp() => Restrict(
        new() { HandledNetAccess = Native.LandlockBindTcp | Native.LandlockConnectTcp },
        Native.LandlockRulesBytesWithoutScope);

    /// <summary>
    /// Leaves only those processes to send signals to, and those abstract Unix sockets to connect to, that are started,
    /// and made, from here on. Needs Linux 6.12 with Landlock (landlock(7)). Also sets no_new_privs (prctl(2)).
    /// </summary>
    /// <returns>0, or the error number: as for <see cref="ForbidTcp"/>, or E2BIG where Landlock is older.</returns>
    public static int KeepToItself() => Restrict(
        new() { Scoped = Native.LandlockScopeAbstractUnixSocket | Native.LandlockScopeSignal },
        (nuint)sizeof(Native.LandlockRules));

    /// <summary>
    /// Lets programs that are started from here on begin without the capabilities that this process was given to pass
    /// on (PR_CAP_AMBIENT_CLEAR_ALL, prctl(2)). Root has others.
    /// </summary>
    /// <exception cref="FlowerSocketException">The kernel is older than 4.3.</exception>
    public static void KeepCapabilities()
    {
        if (Native.PrCtl(Native.PrCapAmbient, Native.PrCapAmbientClearAll, 0, 0, 0) != 0)
        {
            throw FlowerSocketException.Last("keep capabilities behind");
        }
    }

    /// <summary>
    /// Lets this thread, the threads that begin on it from here on, and the programs that they start gain no privilege by
    /// a file's mode or capabilities (no_new_privs, prctl(2)). Threads that are there already are left as they are, so it is
    /// for the first one, first of all.
    /// </summary>
    /// <exception cref="FlowerSocketException">The kernel is older than 3.5.</exception>
    public static void ForbidNewPrivileges()
    {
        if (Native.PrCtl(Native.PrSetNoNewPrivs, 1, 0, 0, 0) != 0)
        {
            throw FlowerSocketException.Last("forbid new privileges");
        }
    }

    /// <summary>
    /// Lets no core dump be made of this process, nor of those that it starts (RLIMIT_CORE, getrlimit(2)). It can still be
    /// looked into as before, which PR_SET_DUMPABLE would end, and with it that others find out in /proc what it is.
    /// </summary>
    public static void ForbidCoreDumps()
    {
        Native.ResourceLimit limit;
        if (Native.GetRLimit(Native.RLimitCore, &limit) != 0)
        {
            return;
        }

        // One byte: less than any dump in a file, and the value at which the kernel also starts no program for it. With 0 it
        // would, since a pipe is no file (core(5), fs/coredump.c). 0 stays where it cannot be raised.
        limit.Soft = limit.Hard = Math.Min(1, limit.Hard);
        _ = Native.SetRLimit(Native.RLimitCore, &limit);
    }

    private static int Restrict(Native.LandlockRules rules, nuint size)
    {
        nint number = Native.LandlockCreateRuleset((nint)Native.SysLandlockCreateRuleset, &rules, size, 0);
        if (number < 0)
        {
            return Marshal.GetLastPInvokeError();
        }

        // No rule is added: nothing of what is handled is allowed.
        using var ruleset = Descriptor.Adopt((int)number);
        return Native.PrCtl(Native.PrSetNoNewPrivs, 1, 0, 0, 0) == 0
            && Native.LandlockRestrictSelf((nint)Native.SysLandlockRestrictSelf, ruleset, 0) == 0
                ? 0
                : Marshal.GetLastPInvokeError();
    }
}
