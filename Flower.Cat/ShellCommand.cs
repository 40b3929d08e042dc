// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Cat;

/// <summary>
/// A command of the shell that is run on connections, with the socket as its standard input and output.
/// </summary>
internal sealed class ShellCommand(string text)
{
    private const int SigTerm = 15;

    private readonly ConnectionProgram _program = new(["/bin/sh", "-c", text], "NOTIFY_SOCKET");

    /// <summary>Runs it once. Cancelled, it and what it started in its process group are sent SIGTERM.</summary>
    /// <param name="connection">Taken over.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Its exit code, as a shell has it.</returns>
    public async Task<int> RunAsync(Connection connection, CancellationToken cancellationToken)
    {
        (ChildProcess child, RevocableSocket socket) = Start(connection);
        using RevocableSocket end = socket;
        try
        {
            ExitStatus status = await child.Exited.WaitAsync(cancellationToken);
            return status.ShellCode;
        }
        catch (OperationCanceledException)
        {
            child.Signal(SigTerm);
            throw;
        }
    }

    // Afterwards only the command holds the socket, whose peer then sees it closed when the command closes it.
    private (ChildProcess Child, RevocableSocket End) Start(Connection connection)
    {
        using Descriptor socket = connection.TakeDescriptor();
        RevocableSocket? end = null;
        try
        {
            end = RevocableSocket.Of(connection, socket);
            ProgramStart start = _program.On(connection.Labels, new(socket, 0), new(socket, 1));
            return (Spawn.Start(start with { OwnProcessGroup = true }, EventLoop.Shared), end);
        }
        catch (FlowerSocketException e)
        {
            end?.Dispose();
            throw _program.Explain(e);
        }
    }
}
