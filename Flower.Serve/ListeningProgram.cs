// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;
using Flower.Relay;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Serve;

/// <summary>
/// One process that takes a listening socket as sd_listen_fds(3) says, and relays to new connections to it. Owns the
/// directory with the socket and the relays; the process outlives this object unless it was stopped.
/// </summary>
internal sealed class ListeningProgram : IDisposable
{
    private const int SigTerm = 15;
    private const int FirstDescriptor = 3;

    // LISTEN_PID has to be the number of the process itself, which nobody knows before it is there.
    private const string SetPid = "LISTEN_PID=$$; export LISTEN_PID; exec \"$@\"";

    private readonly string _folder;
    private readonly string _path;
    private readonly bool _verbose;
    private readonly Relays _relays = new();

    private ListeningProgram(string folder, string path, ChildProcess process, bool verbose)
    {
        _folder = folder;
        _path = path;
        _verbose = verbose;
        Process = process;
    }

    public ChildProcess Process { get; }

    /// <exception cref="ToolException">It cannot be started.</exception>
    public static ListeningProgram Start(string[] words, bool verbose)
    {
        // Mode 0700.
        string folder = Directory.CreateTempSubdirectory("flower-serve-").FullName;
        try
        {
            string path = Path.Combine(folder, "socket");
            var shell = new ConnectionProgram(["/bin/sh", "-c", SetPid, "sh", .. words], ServeCommand.NotPassedOn);

            // Ours is closed once the program has its own: when it stops listening, connecting fails at once.
            using Descriptor listener = UnixSocket.ListenStream(path, mode: 0x180 /* 0600 */);
            ProgramStart start = shell.On(null, new PassedDescriptor(listener, FirstDescriptor));
            var environment = new Dictionary<string, string>(start.Environment!)
            {
                ["LISTEN_FDS"] = "1",
                ["LISTEN_FDNAMES"] = "flower",
            };
            return new(
                folder,
                path,
                Spawn.Start(start with { Environment = environment, OwnProcessGroup = true }, EventLoop.Shared),
                verbose);
        }
        catch (FlowerSocketException e)
        {
            Directory.Delete(folder, recursive: true);
            throw new ToolException(ExitCodes.Failed, $"cannot start {words[0]}: {e.Message}", e);
        }
    }

    /// <summary>Relays a connection to the program until both have ended.</summary>
    public async Task ServeAsync(Connection connection)
    {
        Descriptor client = connection.TakeDescriptor();
        Descriptor server;
        try
        {
            server = UnixSocket.ConnectStream(_path);
        }
        catch (FlowerSocketException e)
        {
            client.Dispose();
            Tool.Say(ServeCommand.FullName, $"closed a connection: the command does not take it: {e.Name}");
            return;
        }

        if (_verbose)
        {
            ConnectionLines.Say(Process.Id, connection.Labels);
        }

        await RelayAsync(client, server);
    }

    /// <summary>Asks the program to end, and waits for it.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        Terminate();
        await Process.Exited.WaitAsync(cancellationToken);
    }

    public void Terminate() => Process.Signal(SigTerm);

    public void Dispose()
    {
        _relays.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // A side that was reset has ended all the same: the other one was told by the relay.
    private async Task RelayAsync(Descriptor client, Descriptor server)
    {
        try
        {
            RelayedBytes bytes = await _relays.RunAsync(client, server, CancellationToken.None);
            if (_verbose)
            {
                Tool.Say(ServeCommand.FullName, $"relayed {Plural.Of(bytes.ToOther, "byte")} in, {Plural.Of(bytes.ToOne, "byte")} out");
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            if (_verbose)
            {
                Tool.Say(ServeCommand.FullName, $"a connection broke: {e.Message}");
            }
        }
    }
}
