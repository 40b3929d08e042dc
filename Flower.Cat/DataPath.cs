// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Rpc.Interop;

namespace Flower.Cat;

/// <summary>
/// Both directions of one connection, on threads that block: the socket stays blocking, and 100 MB need no thread pool.
/// Ends when both directions have ended, when the peer has closed the whole connection, or when nobody reads standard
/// output any more.
/// </summary>
internal static class DataPath
{
    private const int BufferBytes = 64 * 1024;

    public static async Task RunAsync(Socket socket, StandardInput input, CancellationToken cancellationToken)
    {
        Task sending = input.Attach(socket);
        var received = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var hungUp = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Receive(socket, received, hungUp)) { IsBackground = true, Name = "stdout" }.Start();
        try
        {
            bool complete = await received.Task.WaitAsync(cancellationToken);
            if (complete)
            {
                await Task.WhenAny(sending, hungUp.Task).WaitAsync(cancellationToken);
            }
        }
        finally
        {
            // Before the socket is closed, so that the input's thread does not find it closed. Then shut it down, which
            // wakes a thread that still blocks on it: closing would wait for that thread.
            input.Detach();
            ShutDown(socket);
        }
    }

    private static void ShutDown(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // The peer was faster.
        }
    }

    private static void Receive(Socket socket, TaskCompletionSource<bool> received, TaskCompletionSource hungUp)
    {
        try
        {
            bool complete = CopyToOutput(socket);
            received.TrySetResult(complete);
            if (complete)
            {
                AwaitHangUp(socket, hungUp);
            }
        }
        catch (ObjectDisposedException)
        {
            // The connection is over.
            received.TrySetResult(false);
        }
        catch (Exception e)
        {
            received.TrySetException(e);
        }
    }

    // False: nobody reads standard output.
    private static bool CopyToOutput(Socket socket)
    {
        Stream output = StandardStreams.Output();
        byte[] buffer = new byte[BufferBytes];
        while (ReceiveSome(socket, buffer) is int count and > 0)
        {
            try
            {
                output.Write(buffer, 0, count);
            }
            catch (IOException e) when (IsBrokenPipe(e))
            {
                return false;
            }
        }

        return true;
    }

    private static int ReceiveSome(Socket socket, byte[] buffer)
    {
        try
        {
            return socket.Receive(buffer);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown
            or SocketError.ConnectionAborted or SocketError.OperationAborted or SocketError.Interrupted)
        {
            // The peer closed without having read everything; whether the race shows as this or as an end is chance.
            return 0;
        }
    }

    // poll(2) reports a hang-up whether or not it was asked for: this waits until the peer has closed both directions.
    private static void AwaitHangUp(Socket socket, TaskCompletionSource hungUp)
    {
        try
        {
            socket.Poll(-1, SelectMode.SelectError);
            if (UnixSocket.IsHungUp(socket.SafeHandle))
            {
                hungUp.TrySetResult();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            hungUp.TrySetResult();
        }
    }

    private static bool IsBrokenPipe(IOException e) =>
        (e.HResult & 0xFFFF) == 32 || e.Message.Contains("Broken pipe", StringComparison.Ordinal);
}
