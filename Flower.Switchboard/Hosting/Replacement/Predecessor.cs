// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Flower.Switchboard.Hosting.CrashStore;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.State;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Hosting.Replacement;

/// <summary>
/// The running switchboard's side of a replacement: listens on the control socket, and gives all that it has to one that
/// asks and is of root or of its own user. Whatever goes wrong before the other one commits, this one goes on.
/// </summary>
internal sealed class Predecessor(
    EventLoop loop, SessionServer server, Board board, Doors doors, ILogger logger) : IDisposable
{
    private readonly TaskCompletionSource<int> _replaced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EventLoop.Watch? _watch;
    private Task _conversation = Task.CompletedTask;

    /// <summary>Where sessions are kept across a crash; null: nowhere. The successor needs to know its numbers.</summary>
    public DescriptorStore? Store { get; init; }

    /// <summary>
    /// Completes with the process id of the new switchboard when it has committed: the sessions are its own, and this
    /// process must not touch anything any more.
    /// </summary>
    public Task<int> Replaced => _replaced.Task;

    /// <summary>Begins to listen. On the loop.</summary>
    public void Listen() => _watch = loop.Add(doors.Control.Socket, Readiness.Read, _ => Accept());

    /// <summary>Listens no more. On the loop.</summary>
    public void Dispose() => _watch?.Dispose();

    private void Accept()
    {
        if (PacketSocket.TryAccept(doors.Control.Socket) is not Descriptor accepted)
        {
            return;
        }

        var channel = new ControlChannel(new PacketSocket(accepted, ControlChannel.Patience));
        if (_conversation.IsCompleted && !_replaced.Task.IsCompleted)
        {
            _conversation = TalkAsync(channel);
            return;
        }

        channel.Fail("another switchboard is about to take over");
        channel.Dispose();
    }

    // Never faults.
    private async Task TalkAsync(ControlChannel channel)
    {
        using (channel)
        {
            try
            {
                // The conversation waits for the other side, so it has a thread of its own.
                (int pid, TimeSpan pause) = await Task.Run(() => HandOverAsync(channel));
                board.IsReplaced = true;
                HostingLog.Replaced(logger, pid, (long)pause.TotalMilliseconds);
                _replaced.TrySetResult(pid);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                channel.Fail(e.Message);
                HostingLog.NotReplaced(logger, e.Message);
                board.IsHandedOver = false;
                server.Resume();
            }
        }
    }

    private async Task<(int Pid, TimeSpan Pause)> HandOverAsync(ControlChannel channel)
    {
        Credentials peer = channel.Peer ?? default;
        if (peer.Uid != 0 && peer.Uid != Mono.Unix.Native.Syscall.geteuid())
        {
            throw new UnauthorizedAccessException("only root and the user of this switchboard may take over from it");
        }

        (ControlMessage first, _) = channel.Receive(ControlMessage.KindOneofCase.TakeOver);
        if (first.TakeOver.Version != BoardSaver.Version)
        {
            throw new IOException(
                $"this switchboard has a state of version {BoardSaver.Version}, and the new one reads version "
                + $"{first.TakeOver.Version}: stop this one, and start the new one");
        }

        GiveDoors(channel);
        channel.Receive(ControlMessage.KindOneofCase.Ready);
        using var descriptors = new DescriptorTable();
        BoardState? state = null;
        var pause = System.Diagnostics.Stopwatch.StartNew();
        await loop.Invoke(async () =>
        {
            board.IsHandedOver = true;
            await server.PauseAsync();
            board.Events.Flush();
            state = BoardSaver.Save(board, server, descriptors);
            state.StoreGeneration = Store?.Generation ?? 0;
            state.LastStored = Store?.LastNumber ?? 0;
        });
        StateTransfer.Send(channel, state!, descriptors);
        channel.Receive(ControlMessage.KindOneofCase.Committed);
        return (peer.Pid, pause.Elapsed);
    }

    private void GiveDoors(ControlChannel channel)
    {
        IReadOnlyList<Descriptor> copies = doors.Duplicate();
        try
        {
            channel.Send(
                new ControlMessage
                {
                    Doors = new DoorsState
                    {
                        Handle = doors.Handle.Path,
                        Grpc = doors.Grpc.Path,
                        Control = doors.Control.Path,
                        HandleIsLent = doors.Handle.IsLent,
                        GrpcIsLent = doors.Grpc.IsLent,
                    },
                },
                copies);
        }
        finally
        {
            foreach (Descriptor copy in copies)
            {
                copy.Dispose();
            }
        }
    }
}
