// SPDX-License-Identifier: BSD-2-Clause
using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flower.CommandLine;

namespace Flower.Benchmarks;

/// <summary>
/// <c>tcp-client</c>: connects some times, sends so many bytes each time, and waits for the server's byte. Says "ready", and
/// then how many seconds that took, without what came before the first connect.
/// </summary>
internal sealed class TcpClientRole : Command
{
    private const int ChunkBytes = 256 * 1024;

    private readonly Argument<int> _port = new("PORT");
    private readonly Argument<int> _clients = new("CLIENTS");
    private readonly Argument<int> _total = new("TOTAL");
    private readonly Argument<long> _bytes = new("BYTES");

    public TcpClientRole()
        : base("tcp-client", "A role of the box benchmark.")
    {
        Hidden = true;
        Add(_port);
        Add(_clients);
        Add(_total);
        Add(_bytes);
        this.SetRun((command, _) => Task.Run(() => Run(command)));
    }

    private int Run(ParseResult command)
    {
        var server = new IPEndPoint(IPAddress.Loopback, command.GetValue(_port));
        int clients = command.GetValue(_clients);
        int total = command.GetValue(_total);
        long bytes = command.GetValue(_bytes);

        // What is compiled when it is first used is not measured.
        Connect(server, bytes: 1);
        Console.WriteLine("ready");
        long began = Stopwatch.GetTimestamp();
        Thread[] threads = [.. Enumerable.Range(0, clients).Select(_ => new Thread(() =>
        {
            for (int i = 0; i < total / clients; i++)
            {
                Connect(server, bytes);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Console.WriteLine(
            Stopwatch.GetElapsedTime(began).TotalSeconds.ToString("F6", CultureInfo.InvariantCulture));
        return ExitCodes.Ok;
    }

    private static void Connect(IPEndPoint server, long bytes)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(server);
        byte[] chunk = new byte[Math.Min(bytes, ChunkBytes)];
        for (long left = bytes; left > 0; left -= chunk.Length)
        {
            socket.Send(chunk);
        }

        socket.Shutdown(SocketShutdown.Send);
        if (socket.Receive(chunk) != 1)
        {
            throw new InvalidOperationException("the server closed a connection without its byte");
        }
    }
}
