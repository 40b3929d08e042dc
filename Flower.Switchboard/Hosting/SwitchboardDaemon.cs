// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Rpc.Transport;
using Flower.Switchboard.Admin;
using Flower.Switchboard.Hosting.Configuration;
using Flower.Switchboard.Hosting.CrashStore;
using Flower.Switchboard.Hosting.Replacement;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.Telemetry;
using Flower.Switchboard.Watching;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Hosting;

/// <summary>
/// A running switchboard: the loop with the board, and its doors. Owns all of it but its log; disposing it stops it and unlinks its
/// sockets, unless another switchboard has taken them over.
/// </summary>
public sealed class SwitchboardDaemon : IAsyncDisposable
{
    // Whoever waited for it to start has asked what he wanted to.
    private static readonly TimeSpan AfterStart = TimeSpan.FromMilliseconds(500);

    private readonly EventLoop _loop;
    private readonly RunningBoard _running;
    private readonly Predecessor _predecessor;
    private readonly Doors _doors;
    private readonly GrpcDoor _grpc;
    private readonly AuditLog? _audit;
    private readonly BoardTelemetry? _telemetry;
    private readonly Reload _reload;
    private int _disposed;

    private SwitchboardDaemon(
        EventLoop loop,
        RunningBoard running,
        Predecessor predecessor,
        Doors doors,
        GrpcDoor grpc,
        AuditLog? audit,
        BoardTelemetry? telemetry,
        Reload reload)
    {
        _loop = loop;
        _running = running;
        _predecessor = predecessor;
        _doors = doors;
        _grpc = grpc;
        _audit = audit;
        _telemetry = telemetry;
        _reload = reload;
    }

    /// <summary>
    /// Completes with the id of the process that has taken over; this one has nothing to do any more but to be disposed.
    /// </summary>
    public Task<int> Replaced => _predecessor.Replaced;

    /// <summary>Starts a switchboard. Its doors answer when the task completes.</summary>
    /// <param name="options">Where it listens, and what it allows.</param>
    /// <param name="logs">Where it logs, and what it is built on; must outlive it. See <see cref="LogFilter"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IOException">A socket cannot be had, or the one that runs does not let go; the message says
    /// why.</exception>
    /// <exception cref="UnauthorizedAccessException">The file system does not allow it.</exception>
    public static async Task<SwitchboardDaemon> StartAsync(
        SwitchboardOptions options, ILoggerFactory logs, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(logs);
        string[] paths = [options.Listen, options.Admin, options.Control];
        if (paths.Select(Path.GetFullPath).Distinct().Count() < paths.Length)
        {
            throw new IOException($"the sockets need paths of their own: {string.Join(", ", paths)}");
        }

        using Beginning beginning = Beginning.Begin(options);
        Doors doors = beginning.Doors;
        EventLoop? loop = null;
        RunningBoard? running = null;
        AuditLog? audit = null;
        try
        {
            ILogger log = logs.CreateLogger("flower.switchboard");
            loop = new EventLoop("flower-board", e => HostingLog.Fault(log, e));
            audit = options.Audit is null ? null : new AuditLog(options.Audit, log);
            running = new RunningBoard(loop, options, audit, log);
            try
            {
                await beginning.FillAsync(loop, running.Board, running.Server, log);
            }
            catch (IOException e) when (beginning.GiveUpKept())
            {
                // Better a switchboard that knows nobody than none, again and again.
                HostingLog.NotRestored(log, e.Message);
                await loop.Invoke(running.Dispose);
                running = new RunningBoard(loop, options, audit, log);
                await beginning.FillAsync(loop, running.Board, running.Server, log);
            }

            (Board board, PublicDoor door, SessionServer server) = (running.Board, running.Door, running.Server);
            try
            {
                // Those that were taken over may have been open to others.
                doors.SetMode(options.DoorMode);
            }
            catch (Exception e) when (beginning.IsCommitted && e is IOException or UnauthorizedAccessException)
            {
                HostingLog.GoesOnWithout(log, "the mode of its sockets", e.Message);
            }

            var predecessor = new Predecessor(loop, server, board, doors, log) { Store = beginning.Store };
            await loop.Invoke(() =>
            {
                server.Resume();
                server.Listen(doors.Handle.Socket, socket => Admit(doors.Handle, door, socket));
                predecessor.Listen();
            });
            var grpc = new GrpcDoor(
                doors.Grpc.Socket, new GrpcAdmission(loop, board, door), new GrpcDoorService(loop, board, door), logs, log);
            await loop.Invoke(() => grpc.OpenOn(loop));
            await loop.Invoke(() => loop.After(AfterStart, LetGoOfStart));
            HostingLog.Started(log, doors.Handle.Path, doors.Grpc.Path);
            BoardTelemetry? telemetry = await BoardTelemetry.StartAsync(options, loop, board, logs, log);
            var reload = new Reload(options, loop, board, door, doors, audit, log);
            return new SwitchboardDaemon(loop, running, predecessor, doors, grpc, audit, telemetry, reload);
        }
        catch (Exception e)
        {
            beginning.Fail(e.Message);
            if (running is not null)
            {
                await loop!.Invoke(running.Dispose);
            }

            loop?.Dispose();
            if (audit is not null)
            {
                await audit.DisposeAsync();
            }

            doors.Dispose();
            throw;
        }
    }

    // What only the start needed is most of what is in memory then: garbage, and pages of the program that are not read again.
    private static void LetGoOfStart()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
        ProgramPages.LetGo();
    }

    // Who connected before this switchboard listened, did so to a socket that asked for less.
    private static ISessionAuthority Admit(SocketFile file, PublicDoor door, Descriptor socket)
    {
        if (file.IsLent)
        {
            UnixSocket.PassPeers(socket);
        }

        return door.Admit(SocketPeer.Of(socket));
    }

    /// <summary>
    /// Opens the audit log and reads the configuration again. A good one holds for the sessions that begin from then on; of one that is wrong,
    /// every error is logged, and the one before stays in force whole. For one caller at a time.
    /// </summary>
    /// <returns>What is wrong; empty: it holds.</returns>
    public async Task<IReadOnlyList<string>> ReloadAsync() =>
        // Once it is replaced, the doors are another process's, which reads for itself.
        Replaced.IsCompleted ? [] : await _reload.RunAsync();

    /// <summary>
    /// Stops: first the doors, so that nothing new begins, then the sessions, then the loop and the files. What another
    /// switchboard has taken over is left alone, and so is what the service manager keeps: it closes that where it does not
    /// start the switchboard again.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        DescriptorStore? store = _predecessor.Store;
        if (Replaced.IsCompleted || store is not null)
        {
            _doors.Abandon();
        }

        if (_telemetry is not null)
        {
            await _telemetry.DisposeAsync();
        }

        await _loop.Invoke(async () =>
        {
            _predecessor.Dispose();
            if (store is not null && !Replaced.IsCompleted)
            {
                await _running.Server.PauseAsync();
            }

            _running.Dispose();
            store?.Dispose();
        });
        await _grpc.DisposeAsync();
        _loop.Dispose();
        if (_audit is not null)
        {
            // Nothing happens any more.
            await _audit.DisposeAsync();
        }

        _doors.Dispose();
    }
}
