// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;

namespace Flower.Cat;

/// <summary>
/// Standard input, read by a thread of its own until it ends, and sent to the socket that is attached. A read cannot be
/// taken back: what it brings after its connection has ended goes to the next one.
/// </summary>
internal sealed class StandardInput
{
    private const int BufferBytes = 64 * 1024;

    // A monitor, not a Lock: the thread waits on it for a socket.
    private readonly object _lock = new();
    private Thread? _thread;
    private Socket? _socket;
    private TaskCompletionSource? _done;
    private bool _ended;

    /// <summary>Sends what comes to this socket.</summary>
    /// <returns>Completes, and never faults, when the socket was half-closed or its peer no longer reads.</returns>
    public Task Attach(Socket socket)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (_ended)
            {
                HalfClose(socket);
                return Task.CompletedTask;
            }

            _socket = socket;
            _done = done;
            Monitor.PulseAll(_lock);
            if (_thread is null)
            {
                _thread = new Thread(Run) { IsBackground = true, Name = "stdin" };
                _thread.Start();
            }
        }

        return done.Task;
    }

    /// <summary>Sends no more to the attached socket.</summary>
    public void Detach()
    {
        lock (_lock)
        {
            _done?.TrySetResult();
            _socket = null;
            _done = null;
        }
    }

    private void Run()
    {
        byte[] buffer = new byte[BufferBytes];
        try
        {
            Stream input = StandardStreams.Input();
            int count;
            while ((count = input.Read(buffer)) > 0)
            {
                Send(buffer.AsSpan(0, count));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Closed, or not readable: the end of input as well.
        }

        lock (_lock)
        {
            _ended = true;
            if (_socket is { } socket)
            {
                HalfClose(socket);
            }
        }

        Detach();
    }

    private void Send(ReadOnlySpan<byte> bytes)
    {
        Socket socket = AwaitSocket();
        try
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[socket.Send(bytes)..];
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // This peer no longer reads. Whoever comes next begins with new input.
            DetachIf(socket);
        }
    }

    private Socket AwaitSocket()
    {
        lock (_lock)
        {
            while (_socket is null)
            {
                Monitor.Wait(_lock);
            }

            return _socket;
        }
    }

    private void DetachIf(Socket socket)
    {
        lock (_lock)
        {
            if (_socket == socket)
            {
                Detach();
            }
        }
    }

    private static void HalfClose(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The peer was faster.
        }
    }
}
