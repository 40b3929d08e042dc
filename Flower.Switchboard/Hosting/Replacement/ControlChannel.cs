// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Switchboard.State;
using Google.Protobuf;

namespace Flower.Switchboard.Hosting.Replacement;

/// <summary>
/// One side of the conversation between a switchboard and the one that takes its place. Owns the socket. One thread,
/// which may wait; every failure of the other side is an <see cref="IOException"/>.
/// </summary>
internal sealed class ControlChannel(PacketSocket socket) : IDisposable
{
    /// <summary>How long each turn of the other side may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Who is on the other side.</summary>
    public Credentials? Peer => socket.Peer;

    /// <summary>Connects to the switchboard that runs. Null: none does.</summary>
    /// <exception cref="IOException">It cannot be reached, or may not be.</exception>
    public static ControlChannel? TryConnect(string path)
    {
        try
        {
            return new ControlChannel(PacketSocket.Connect(path, Patience));
        }
        catch (FlowerSocketException e) when (e.Errno is Errno.NoEnt or Errno.ConnRefused or Errno.NotDir)
        {
            return null;
        }
        catch (FlowerSocketException e)
        {
            throw new IOException($"cannot reach the switchboard that runs, at {path}: {e.Message}", e);
        }
    }

    /// <summary>Says something. The descriptors stay the caller's.</summary>
    public void Send(ControlMessage message, IReadOnlyList<Descriptor>? descriptors = null)
    {
        try
        {
            socket.Send(message.ToByteArray(), descriptors ?? []);
        }
        catch (FlowerSocketException e)
        {
            throw new IOException($"the other switchboard does not listen: {e.Message}", e);
        }
    }

    /// <summary>Hears what is expected, and its descriptors, which the caller owns.</summary>
    public (ControlMessage Message, IReadOnlyList<Descriptor> Descriptors) Receive(
        params IReadOnlyList<ControlMessage.KindOneofCase> expected)
    {
        IReadOnlyList<Descriptor> descriptors = [];
        try
        {
            (ReadOnlyMemory<byte> packet, descriptors) = socket.Receive();
            if (packet.IsEmpty)
            {
                throw new IOException("the other switchboard ended");
            }

            ControlMessage message = ControlMessage.Parser.ParseFrom(packet.Span);
            if (message.KindCase == ControlMessage.KindOneofCase.Failure)
            {
                throw new IOException(message.Failure.Reason);
            }

            return expected.Contains(message.KindCase)
                ? (message, descriptors)
                : throw new IOException($"the other switchboard says {message.KindCase}, which has no place here");
        }
        catch (Exception e)
        {
            foreach (Descriptor descriptor in descriptors)
            {
                descriptor.Dispose();
            }

            throw e is IOException and not FlowerSocketException ? e
                : new IOException($"the other switchboard does not answer: {e.Message}", e);
        }
    }

    /// <summary>Tells the other side why it ends, as far as it still listens.</summary>
    public void Fail(string reason)
    {
        try
        {
            Send(new ControlMessage { Failure = new Failure { Reason = reason } });
        }
        catch (IOException)
        {
            // It has gone, which it will not be told.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => socket.Dispose();
}
