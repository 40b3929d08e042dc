// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Run.Network;

namespace Flower.Run.Agent;

/// <summary>Connects to programs that listen in the box. For the loop's thread alone.</summary>
internal static class LocalConnector
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    /// <summary>Connects, and sends a few first bytes, which a new connection has room for.</summary>
    /// <returns>The socket, which the caller owns.</returns>
    /// <exception cref="FlowerSocketException">ECONNREFUSED: nobody listens; ETIMEDOUT: its backlog is full; EMFILE.</exception>
    public static async Task<Descriptor> ConnectAsync(EventLoop loop, IPEndPoint endPoint, byte[] preface)
    {
        Descriptor socket = OutgoingSocket.TryCreate(endPoint.AddressFamily, out int errno)
            ?? throw new FlowerSocketException("make a socket", errno);
        try
        {
            Check(OutgoingSocket.Mark(socket, Marks.Agent), endPoint);
            errno = OutgoingSocket.Connect(socket, endPoint);
            if (errno == Errno.InProgress)
            {
                errno = await DecidedAsync(loop, socket);
            }

            Check(errno, endPoint);
            if (preface.Length > 0)
            {
                Check(OutgoingSocket.TrySend(socket, preface, out int count), endPoint);
                Check(count == preface.Length ? 0 : Errno.NoBufs, endPoint);
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static async Task<int> DecidedAsync(EventLoop loop, Descriptor socket)
    {
        var decided = new TaskCompletionSource<int>();
        using EventLoop.Watch watch = loop.Add(
            socket, Readiness.Write, _ => decided.TrySetResult(OutgoingSocket.TakeError(socket)));
        using IDisposable limit = loop.After(Limit, () => decided.TrySetResult(Errno.TimedOut));
        return await decided.Task;
    }

    private static void Check(int errno, IPEndPoint endPoint)
    {
        if (errno != 0)
        {
            throw new FlowerSocketException($"connect to {endPoint} in the box", errno);
        }
    }
}
