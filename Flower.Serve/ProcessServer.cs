// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Serve;

/// <summary>
/// Serves each connection by a process of its own, whose standard input and output it is. For any thread.
/// </summary>
internal sealed class ProcessServer(ConnectionProgram program, bool verbose)
{
    private const int SigTerm = 15;

    private readonly Lock _lock = new();
    private readonly HashSet<ChildProcess> _children = [];
    private bool _terminated;

    /// <summary>
    /// Starts the process and waits for its end. If it cannot be started, the connection is closed.
    /// </summary>
    public async Task ServeAsync(Connection connection)
    {
        if (TryStart(connection, out RevocableSocket? socket) is not { } child)
        {
            return;
        }

        using RevocableSocket? end = socket;

        if (verbose)
        {
            ConnectionLines.Say(child.Id, connection.Labels);
        }

        Add(child);
        ExitStatus status = await child.Exited;
        Remove(child);
        if (verbose || !status.IsSuccess)
        {
            Tool.Say(ServeCommand.FullName, $"pid {child.Id} {status}");
        }
    }

    /// <summary>Sends SIGTERM to all that run, and to what is started from here on.</summary>
    public void Terminate()
    {
        lock (_lock)
        {
            _terminated = true;
            foreach (ChildProcess child in _children)
            {
                child.Signal(SigTerm);
            }
        }
    }

    private ChildProcess? TryStart(Connection connection, out RevocableSocket? end)
    {
        // Ours is closed at once: the process decides when the connection ends.
        using Descriptor socket = connection.TakeDescriptor();
        end = null;
        try
        {
            end = RevocableSocket.Of(connection, socket);
            ProgramStart start = program.On(connection.Labels, new(socket, 0), new(socket, 1));

            // A terminal's Ctrl-C is for serve, which then drains.
            return Spawn.Start(start with { OwnProcessGroup = true }, EventLoop.Shared);
        }
        catch (FlowerSocketException e)
        {
            end?.Dispose();
            Tool.Say(
                ServeCommand.FullName, $"closed a connection: {program.Explain(e).Message} ({connection.Labels})");
            return null;
        }
    }

    private void Add(ChildProcess child)
    {
        lock (_lock)
        {
            _children.Add(child);
            if (_terminated)
            {
                child.Signal(SigTerm);
            }
        }
    }

    private void Remove(ChildProcess child)
    {
        lock (_lock)
        {
            _children.Remove(child);
        }
    }
}
