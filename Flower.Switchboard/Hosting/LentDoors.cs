// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Switchboard.Hosting.CrashStore;

namespace Flower.Switchboard.Hosting;

/// <summary>
/// The listening sockets that a service manager made and lends to this process (systemd.socket(5), sd_listen_fds(3)), by the
/// path that each is bound to: whoever connects before the switchboard runs, or while it does not, waits in their queues.
/// Owns those that nobody has taken.
/// </summary>
internal sealed class LentDoors : IDisposable
{
    private readonly Dictionary<string, Descriptor> _sockets;

    private LentDoors(Dictionary<string, Descriptor> sockets) => _sockets = sockets;

    /// <summary>What was passed to this process, as its environment says, and is not from the descriptor store.</summary>
    /// <exception cref="IOException">One of them is nothing that a switchboard can listen on.</exception>
    public static LentDoors Read()
    {
        var sockets = new Dictionary<string, Descriptor>(StringComparer.Ordinal);
        foreach ((int number, string name) in PassedByManager.Read(
            Environment.GetEnvironmentVariable, Environment.ProcessId, out _))
        {
            if (StoreNames.IsOne(name))
            {
                continue;
            }

            // Borrowed until it is known to be what is looked for: the runtime has descriptors of its own.
            Descriptor borrowed = Descriptor.Borrow(number);
            if (PathOf(borrowed) is not string path || !InheritedDescriptor.CloseOnExec(number))
            {
                throw new IOException(
                    $"descriptor {number} ({name}), which the service manager passed, is no listening Unix socket with a path");
            }

            sockets.TryAdd(path, Descriptor.Adopt(number));
        }

        return new(sockets);
    }

    /// <summary>The packet socket that listens at a path; null: none was lent. The caller owns it.</summary>
    /// <exception cref="IOException">What listens there is of another type.</exception>
    public Descriptor? TakePackets(string path) =>
        Take(path, UnixSocket.IsPacketSocket, "SOCK_SEQPACKET (ListenSequentialPacket=)");

    /// <summary>The same of a stream socket.</summary>
    /// <exception cref="IOException">What listens there is of another type.</exception>
    public Descriptor? TakeStream(string path) => Take(path, UnixSocket.IsStreamSocket, "SOCK_STREAM (ListenStream=)");

    /// <summary>Checks that all were taken: who connected to another one would wait for ever.</summary>
    /// <exception cref="IOException">One is left.</exception>
    public void RequireNone()
    {
        if (_sockets.Count > 0)
        {
            throw new IOException(
                $"the service manager passed a socket at {_sockets.Keys.First()}, which is neither --listen nor --admin");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Descriptor socket in _sockets.Values)
        {
            socket.Dispose();
        }

        _sockets.Clear();
    }

    private static string? PathOf(Descriptor socket)
    {
        try
        {
            return UnixSocket.IsListening(socket) ? UnixSocket.PathOf(socket) : null;
        }
        catch (FlowerSocketException)
        {
            return null;
        }
    }

    private Descriptor? Take(string path, Func<Descriptor, bool> isOfType, string type)
    {
        string full = Path.GetFullPath(path);
        if (!_sockets.TryGetValue(full, out Descriptor? socket))
        {
            return null;
        }

        if (!isOfType(socket))
        {
            throw new IOException($"the socket at {full}, which the service manager passed, is not of type {type}");
        }

        _sockets.Remove(full);
        return socket;
    }
}
