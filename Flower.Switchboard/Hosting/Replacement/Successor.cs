// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Flower.Switchboard.State;

namespace Flower.Switchboard.Hosting.Replacement;

/// <summary>
/// The new switchboard's side of a replacement: first the doors, then, when all else is ready, the state, for which the
/// old one pauses; then the word that it is done. Until that word the old one goes on if this ends. One thread, which may
/// wait. Owns the conversation.
/// </summary>
internal sealed class Successor : IDisposable
{
    private readonly ControlChannel _channel;

    private Successor(ControlChannel channel, Doors doors)
    {
        _channel = channel;
        Doors = doors;
    }

    /// <summary>The doors of the old one, which are now of both. The caller owns them.</summary>
    public Doors Doors { get; }

    /// <summary>Asks the switchboard that runs for its doors. Null: none runs.</summary>
    /// <exception cref="IOException">It refuses; the message says why.</exception>
    public static Successor? TryBegin(SwitchboardOptions options)
    {
        ControlChannel? channel = ControlChannel.TryConnect(options.Control);
        if (channel is null)
        {
            return null;
        }

        try
        {
            channel.Send(new ControlMessage { TakeOver = new TakeOver { Version = BoardSaver.Version } });
            (ControlMessage message, IReadOnlyList<Descriptor> descriptors) =
                channel.Receive(ControlMessage.KindOneofCase.Doors);
            DoorsState paths = message.Doors;
            if (descriptors.Count != 6)
            {
                throw new IOException("the switchboard that runs does not give all its sockets");
            }

            Doors doors = Doors.Adopt(
                [paths.Handle, paths.Grpc, paths.Control], descriptors, (paths.HandleIsLent, paths.GrpcIsLent));
            if (paths.Handle != Path.GetFullPath(options.Listen) || paths.Grpc != Path.GetFullPath(options.Admin))
            {
                doors.Abandon();
                throw new IOException(
                    $"the switchboard that runs has its sockets at {paths.Handle} and {paths.Grpc}: name these");
            }

            return new Successor(channel, doors);
        }
        catch (Exception e)
        {
            channel.Fail(e.Message);
            channel.Dispose();
            throw;
        }
    }

    /// <summary>Lets the old one pause, and takes its state. The caller owns the descriptors.</summary>
    /// <exception cref="IOException">It gave up.</exception>
    public (BoardState State, DescriptorTable Descriptors) Fetch()
    {
        _channel.Send(new ControlMessage { Ready = new Ready() });
        return StateTransfer.Receive(_channel);
    }

    /// <summary>Tells the old one that it is replaced. From here on this process alone uses the sockets.</summary>
    /// <exception cref="IOException">The old one gave up and goes on: this one must end.</exception>
    public void Commit() => _channel.Send(new ControlMessage { Committed = new Committed() });

    /// <summary>Tells the old one to go on.</summary>
    public void Fail(string reason) => _channel.Fail(reason);

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();
}
