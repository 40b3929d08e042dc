// SPDX-License-Identifier: BSD-2-Clause
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace Flower.Rpc.Interop;

/// <summary>Makes another program of this process (execve(2)): same process, same terminal, same parent.</summary>
public static unsafe class Exec
{
    private const int SigSetBytes = 1024;

    /// <summary>
    /// Begins the program in place of this one. Returns only by an exception: then the numbers of
    /// <see cref="ProgramStart.Descriptors"/> may have been replaced already, whoever had them, and the process should
    /// say so and end.
    /// </summary>
    /// <exception cref="FlowerSocketException">As for <see cref="Spawn.Start"/>.</exception>
    [DoesNotReturn]
    public static void Replace(ProgramStart start)
    {
        ArgumentNullException.ThrowIfNull(start);
        using NativeStrings arguments = start.MakeArguments();
        using NativeStrings environment = start.MakeEnvironment();
        byte* none = stackalloc byte[SigSetBytes];
        new Span<byte>(none, SigSetBytes).Clear();

        // From here to execve nothing is done that the runtime could use a descriptor for, since a number above 2 may
        // be one of its own. Handlers go to their default by execve; only what is ignored stays so.
        List<PassedDescriptor> copies = start.MakeCopies();
        foreach (PassedDescriptor copy in copies)
        {
            if (Native.Dup2(copy.Descriptor, copy.Number) < 0)
            {
                throw FlowerSocketException.Last($"make a descriptor number {copy.Number}");
            }
        }

        nint sigPipe = Native.SetSignal(Native.SigPipe, 0);
        _ = Native.SigMask(Native.SigSetMask, none, null);
        _ = Native.ExecVpe(*arguments.Pointers, arguments.Pointers, environment.Pointers);
        FlowerSocketException failure = FlowerSocketException.Last($"start {start.Program}");
        Native.SetSignal(Native.SigPipe, sigPipe);
        throw failure;
    }

    /// <summary>Whether a program could be started: 0, or the error number.</summary>
    /// <param name="program">As <see cref="ProgramStart.Program"/>.</param>
    /// <returns>
    /// ENOENT: there is none. EACCES: there is a file, but it may not be executed, or it is a directory.
    /// </returns>
    public static int Probe(string program)
    {
        ArgumentException.ThrowIfNullOrEmpty(program);
        if (program.Contains('/', StringComparison.Ordinal))
        {
            return ProbeFile(program);
        }

        // As execvp(3): a file that may not be executed does not end the search, but is what is told if it is in vain.
        int told = Errno.NoEnt;
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "/bin:/usr/bin").Split(':'))
        {
            int errno = ProbeFile(folder.Length == 0 ? "./" + program : folder + '/' + program);
            if (errno is 0)
            {
                return 0;
            }

            told = errno == Errno.Acces ? errno : told;
        }

        return told;
    }

    private static int ProbeFile(string path)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            return Native.FAccessAt(Native.AtFdCwd, name, Native.XOk, Native.AtEAccess) != 0
                ? Marshal.GetLastPInvokeError()
                : Directory.Exists(path) ? Errno.Acces : 0;
        }
    }
}
