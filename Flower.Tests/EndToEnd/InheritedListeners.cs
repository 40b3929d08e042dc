// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// Listening sockets of the test's own, which it gives to processes when they begin, as a service manager does. Owns
/// them, so that they outlive each of these processes.
/// </summary>
internal sealed class InheritedListeners : IDisposable
{
    private readonly SwitchboardFixture _board;
    private readonly Socket[] _sockets;
    private readonly Socket _giver;
    private readonly string _path;

    public InheritedListeners(SwitchboardFixture board, int count)
    {
        _board = board;
        _sockets = [.. Enumerable.Range(0, count).Select(_ => Listen())];
        _path = Path.Combine(board.Folder, $"giver-{Guid.NewGuid():N}");
        _giver = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _giver.Bind(new UnixDomainSocketEndPoint(_path));
        _giver.Listen();
    }

    public IPEndPoint Address(int index) => (IPEndPoint)_sockets[index].LocalEndPoint!;

    /// <summary>Starts <c>flower</c> with the sockets, and waits until it is ready.</summary>
    public async Task<FlowerProcess> StartAsync(string names, params string[] args)
    {
        FlowerProcess process = await BeginAsync(names, args);
        await process.ReadyAsync();
        return process;
    }

    /// <summary>The same, without waiting.</summary>
    public async Task<FlowerProcess> BeginAsync(string names, params string[] args)
    {
        FlowerProcess process = _board.Program(
            Programs.Require("python3"), [Programs.InheritListeners, _path, names, Programs.Flower, .. args]);
        using Socket taker = await _giver.AcceptAsync().Within();
        SafeHandle[] handles = [.. _sockets.Select(socket => socket.SafeHandle)];
        if (UnixSocket.Send(taker.SafeHandle, [0], handles) is not 0 and int errno)
        {
            throw new InvalidOperationException(Errno.NameOf(errno));
        }

        return process;
    }

    public void Dispose()
    {
        _giver.Dispose();
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }
    }

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen(1024);
        return socket;
    }
}
