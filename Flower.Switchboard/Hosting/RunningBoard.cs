// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Server;
using Flower.Rpc.Transport;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.Watching;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Hosting;

/// <summary>A board, who may come to it by a path, and the sessions. Disposed on the loop, which ends all of them.</summary>
internal sealed class RunningBoard : IDisposable
{
    // Of RFC 8305.
    private static readonly TimeSpan ConnectionAttemptDelay = TimeSpan.FromMilliseconds(250);

    public RunningBoard(EventLoop loop, SwitchboardOptions options, AuditLog? audit, ILogger logger)
    {
        Connections = new RevocableConnections(loop);
        Board = new Board(logger, new DeadlineQueue(loop, options.AcceptDeadline), Connections)
        {
            QuestionDeadlines = new DeadlineQueue(loop, options.QuestionDeadline),
            AttemptDelays = new DeadlineQueue(loop, ConnectionAttemptDelay),
        };
        Board.Handles.Quotas.Events = Board.Events;
        Board.Handles.Quotas.Use(options.Configuration.PerUser, options.Configuration.PerHandle);
        Door = new PublicDoor(Board.Handles, logger);
        Door.Use(options.Configuration.Grants, options.Configuration.Remedy);
        Server = new SessionServer(loop, logger);
        Board.Identity = new()
        {
            HandleDoor = Path.GetFullPath(options.Listen),
            GrpcDoor = Path.GetFullPath(options.Admin),
            Sessions = () => Server.SessionCount,
            AuditMissed = () => audit?.Missed ?? 0,
        };
        if (audit is not null)
        {
            Board.Events.Add(audit);
        }

        ServedMethods.AddTo(Server.Methods, new SwitchboardService(Board, logger));
    }

    public RevocableConnections Connections { get; }

    public Board Board { get; }

    public PublicDoor Door { get; }

    public SessionServer Server { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Server.Dispose();
        Board.Events.Stop();
        Connections.Dispose();
    }
}
