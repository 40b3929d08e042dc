// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Cat;

/// <summary>A command of the shell that is run on connections, with the socket as its standard input and output.</summary>
internal sealed class ShellCommand(string text)
{
    private const string Shell = "/bin/sh";
    private const int SigTerm = 15;

    /// <summary>Runs it once. Cancelled, it and what it started in its process group are sent SIGTERM.</summary>
    /// <param name="socket">Blocking; stays the caller's.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Its exit code, as a shell has it.</returns>
    public async Task<int> RunAsync(Descriptor socket, CancellationToken cancellationToken)
    {
        ChildProcess child = Start(socket);
        await using CancellationTokenRegistration end = cancellationToken.Register(() => child.Signal(SigTerm));
        ExitStatus status = await child.Exited.WaitAsync(cancellationToken);
        return status.ShellCode;
    }

    private ChildProcess Start(Descriptor socket)
    {
        var start = new ProgramStart
        {
            Program = Shell,
            Arguments = ["-c", text],
            Descriptors = [new(socket, 0), new(socket, 1)],
            OwnProcessGroup = true,
        };
        try
        {
            return Spawn.Start(start, EventLoop.Shared);
        }
        catch (FlowerSocketException e)
        {
            throw new ToolException(ExitCodes.Failed, $"cannot start {Shell}: {e.Message}", e);
        }
    }
}
