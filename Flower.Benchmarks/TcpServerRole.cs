// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.CommandLine;

namespace Flower.Benchmarks;

/// <summary>
/// <c>tcp-server</c>: answers each connection's end with one byte, once it has read all that comes before. Says "ready", and
/// then its port.
/// </summary>
internal sealed class TcpServerRole : Command
{
    private const int Backlog = 1024;
    private const int BufferBytes = 256 * 1024;

    public TcpServerRole()
        : base("tcp-server", "A role of the box benchmark.")
    {
        Hidden = true;
        this.SetRun((_, cancellationToken) => Task.Run(() => Serve(cancellationToken), cancellationToken));
    }

    private static int Serve(CancellationToken cancellationToken)
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(Backlog);
        Console.WriteLine("ready");
        Console.WriteLine(((IPEndPoint)listener.LocalEndPoint!).Port.ToString(CultureInfo.InvariantCulture));
        var serving = new Thread(() =>
        {
            byte[] buffer = new byte[BufferBytes];
            while (true)
            {
                using Socket peer = listener.Accept();
                while (peer.Receive(buffer) > 0)
                {
                }

                peer.Send(buffer.AsSpan(0, 1));
            }
        })
        {
            IsBackground = true,
        };
        serving.Start();
        cancellationToken.WaitHandle.WaitOne();
        return ExitCodes.Ok;
    }
}
