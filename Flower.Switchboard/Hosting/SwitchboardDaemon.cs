// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Rpc.Transport;
using Flower.Switchboard.Admin;
using Flower.Switchboard.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Hosting;

/// <summary>
/// A running switchboard: the loop with the board, and both doors. Owns all of it; disposing it stops it and unlinks
/// its sockets.
/// </summary>
public sealed class SwitchboardDaemon : IAsyncDisposable
{
    private readonly EventLoop _loop;
    private readonly SessionServer _server;
    private readonly SocketFile _handleDoor;
    private readonly SocketFile _grpcDoor;
    private readonly WebApplication _web;
    private int _disposed;

    private SwitchboardDaemon(
        EventLoop loop, SessionServer server, SocketFile handleDoor, SocketFile grpcDoor, WebApplication web)
    {
        _loop = loop;
        _server = server;
        _handleDoor = handleDoor;
        _grpcDoor = grpcDoor;
        _web = web;
    }

    /// <summary>Completes when the host was told to stop, by a signal or otherwise.</summary>
    public Task Stopping { get; private init; } = Task.CompletedTask;

    /// <summary>Starts a switchboard. Both doors answer when the task completes.</summary>
    /// <exception cref="IOException">A socket cannot be had; the message says why.</exception>
    /// <exception cref="UnauthorizedAccessException">The file system does not allow it.</exception>
    public static async Task<SwitchboardDaemon> StartAsync(
        SwitchboardOptions options, Action<ILoggingBuilder> logging, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (Path.GetFullPath(options.Listen) == Path.GetFullPath(options.Admin))
        {
            throw new IOException($"both doors cannot have the path {options.Listen}: choose another for one of them");
        }

        SocketFile handleDoor = SocketFile.Claim(options.Listen, options.Mode, UnixSocket.ListenPackets);
        SocketFile? grpcDoor = null;
        EventLoop? loop = null;
        try
        {
            grpcDoor = SocketFile.Claim(options.Admin, options.Mode, UnixSocket.ListenStream);
            ILogger? log = null;
            loop = new EventLoop("flower-board", e => HostingLog.Fault(log!, e));
            WebApplication web = GrpcDoor.Build(grpcDoor.BorrowSocket(), logging, loop);
            log = web.Services.GetRequiredService<ILoggerFactory>().CreateLogger("flower.switchboard");
            var board = new Board(log, new DeadlineQueue(loop, options.AcceptDeadline));
            web.Services.GetRequiredService<GrpcDoorService>().Board = board;
            var server = new SessionServer(loop, log);
            Protocol.V1.Switchboard.BindService(server.Methods, new SwitchboardService(board, log));
            await loop.Invoke(() => server.Listen(
                handleDoor.TakeSocket(), socket => board.CreatePublicHandle(StreamSocket.PeerOf(socket) ?? default)));
            await web.StartAsync(cancellationToken);
            HostingLog.Started(log, handleDoor.Path, grpcDoor.Path);
            return new SwitchboardDaemon(loop, server, handleDoor, grpcDoor, web)
            {
                Stopping = WhenStopping(web),
            };
        }
        catch
        {
            loop?.Dispose();
            grpcDoor?.Dispose();
            handleDoor.Dispose();
            throw;
        }
    }

    /// <summary>Stops: first the doors, so that nothing new begins, then the sessions, then the loop and the files.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _loop.Invoke(_server.Dispose);
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5)))
        {
            await _web.StopAsync(patience.Token);
        }

        await _web.DisposeAsync();
        _loop.Dispose();
        _grpcDoor.Dispose();
        _handleDoor.Dispose();
    }

    private static Task WhenStopping(WebApplication web)
    {
        var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        web.Lifetime.ApplicationStopping.Register(stopping.SetResult);
        return stopping.Task;
    }
}
