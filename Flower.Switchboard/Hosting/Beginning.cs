// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Flower.Switchboard.Hosting.CrashStore;
using Flower.Switchboard.Hosting.Replacement;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.State;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Hosting;

/// <summary>
/// What a switchboard begins with: nothing, what the one whose place it takes has, or what the service manager kept of one
/// that crashed. Owns the conversation with the former and the store; the doors are the caller's.
/// </summary>
internal sealed class Beginning : IDisposable
{
    private readonly Successor? _successor;
    private readonly Recovery? _recovery;
    private readonly bool _keepSessions;
    private bool _committed;
    private bool _gaveUpKept;

    private Beginning(Doors doors, Successor? successor, Recovery? recovery, bool keepSessions)
    {
        Doors = doors;
        _successor = successor;
        _recovery = recovery;
        _keepSessions = keepSessions;
    }

    /// <summary>The doors.</summary>
    public Doors Doors { get; }

    /// <summary>It has taken another one's place, which is gone: there is no way back.</summary>
    public bool IsCommitted => _committed;

    /// <summary>Where sessions are kept; null: nowhere. Lives as long as the switchboard.</summary>
    public DescriptorStore? Store { get; private set; }

    /// <summary>Has the doors, one way or another.</summary>
    /// <exception cref="IOException">A socket cannot be had; the message says why.</exception>
    /// <exception cref="UnauthorizedAccessException">The file system does not allow it.</exception>
    public static Beginning Begin(SwitchboardOptions options)
    {
        Successor? successor = options.Replace ? Successor.TryBegin(options) : null;
        if (successor is not null)
        {
            return new Beginning(successor.Doors, successor, null, options.KeepSessions);
        }

        Recovery? recovery = options.KeepSessions ? Recovery.Read() : null;
        try
        {
            return new Beginning(Doors.Claim(options, recovery), null, recovery, options.KeepSessions);
        }
        catch
        {
            recovery?.Dispose();
            throw;
        }
    }

    /// <summary>Fills the board. The sessions are paused afterwards.</summary>
    /// <exception cref="IOException">The switchboard that runs does not let go, or what was kept is no whole board: the
    /// board is then of no more use, and <see cref="GiveUpKept"/> says which.</exception>
    public async Task FillAsync(EventLoop loop, Board board, SessionServer server, ILogger logger)
    {
        if (_keepSessions && NotifySocket.FromEnvironment() is NotifySocket manager)
        {
            Store?.Dispose();
            Store = new DescriptorStore(manager, loop, logger);
            server.Store = Store;
        }

        if (_successor is not null)
        {
            (BoardState state, DescriptorTable descriptors) = _successor.Fetch();
            using (descriptors)
            {
                Store?.Reserve(state.LastStored);
                await RestoreAsync(state, descriptors, loop, board, server);
            }

            _successor.Commit();
            _committed = true;
            HostingLog.TookOver(
                logger, Plural.Of(state.Sessions.Count, "session"), Plural.Of(board.Handles.Nodes.Count, "handle"),
                Plural.Of(board.TargetCount, "target"));
            await loop.Invoke(() => KeepFrom(state.StoreGeneration, server, logger));
        }
        else if (_recovery is not null)
        {
            await RecoverAsync(_recovery, loop, board, server, logger);
        }
    }

    /// <summary>Whether to fill another board, with nothing, since what the service manager kept is of no use.</summary>
    public bool GiveUpKept()
    {
        if (_recovery is null || _gaveUpKept)
        {
            return false;
        }

        _gaveUpKept = true;
        _recovery.GiveUp();
        return true;
    }

    /// <summary>It did not work: a switchboard whose place was to be taken goes on.</summary>
    public void Fail(string reason)
    {
        if (_successor is not null && !_committed)
        {
            _successor.Fail(reason);
            Doors.Abandon();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _successor?.Dispose();
        _recovery?.Dispose();
    }

    // The other process is gone: what fails from here on must not end this one, too.
    private void KeepFrom(ulong generation, SessionServer server, ILogger logger)
    {
        try
        {
            Store?.Begin(generation + 1, Doors.Named);
            if (generation > 0)
            {
                Store?.Forget(StoreNames.Journal(generation));
            }
        }
        catch (FlowerSocketException e)
        {
            HostingLog.StoreFailed(logger, e.Message);
            server.Store = null;
        }
    }

    private static async Task RestoreAsync(
        BoardState state, DescriptorTable descriptors, EventLoop loop, Board board, SessionServer server)
    {
        try
        {
            await loop.Invoke(() => BoardRestorer.Restore(state, descriptors, board, server));
        }
        catch (InvalidDataException e)
        {
            throw new IOException($"cannot go on with it: {e.Message}", e);
        }
    }

    private async Task RecoverAsync(
        Recovery recovery, EventLoop loop, Board board, SessionServer server, ILogger logger)
    {
        if (recovery.IsOtherVersion && !_gaveUpKept)
        {
            HostingLog.NotRestored(logger, "it is of another version");
        }

        Store?.Reserve(recovery.LastNumber);
        await RestoreAsync(recovery.State, recovery.Descriptors, loop, board, server);
        await loop.Invoke(() =>
        {
            Store?.Begin(recovery.Generation + 1, Doors.Named);
            foreach (string name in recovery.Leftovers)
            {
                Store?.Forget(name);
            }
        });
        if (recovery.Generation > 0)
        {
            HostingLog.Restored(
                logger, Plural.Of(recovery.State.Sessions.Count, "session"), Plural.Of(board.Handles.Nodes.Count, "handle"),
                Plural.Of(board.TargetCount, "target"));
        }
    }
}
