// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Mono.Unix.Native;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// A listening socket that this process keeps open and passes to one program after another by LISTEN_FDS, as systemd
/// does (sd_listen_fds(3)): while no program accepts, connections wait in its queue.
/// </summary>
internal sealed class InheritedListener : IDisposable
{
    // In bash, which knows numbers of more than one digit.
    private const string Move =
        """exec 3<&"$1"-; shift; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" """;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public InheritedListener()
    {
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _socket.Listen(1024);
    }

    public IPEndPoint Address => (IPEndPoint)_socket.LocalEndPoint!;

    /// <summary>Starts <c>flower</c> with the socket.</summary>
    public FlowerProcess Flower(SwitchboardFixture board, params string[] args)
    {
        // A copy that survives the exec, for as long as the start takes.
        int copy = Syscall.fcntl((int)_socket.SafeHandle.DangerousGetHandle(), FcntlCommand.F_DUPFD, 10);
        try
        {
            string number = copy.ToString(CultureInfo.InvariantCulture);
            return board.Program(Programs.Require("bash"), ["-c", Move, "bash", number, Programs.Flower, .. args]);
        }
        finally
        {
            _ = Syscall.close(copy);
        }
    }

    public void Dispose() => _socket.Dispose();
}
