// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Client;

namespace Flower.Http;

/// <summary>Lets HttpClient connect through a switchboard.</summary>
public static class FlowerHttpExtensions
{
    /// <summary>
    /// Connections of this handler come from the switchboard. The request stays as it is: TLS, where the URL is https, is
    /// spoken with whoever is at the other end, and must be meant for the URL's host. What the switchboard says to a connect
    /// that fails is the <see cref="FlowerException"/> inside the HttpRequestException. A proxy would be asked for
    /// instead of the URL's host, so that the handler uses none.
    /// </summary>
    /// <param name="handler">Has sent nothing yet.</param>
    /// <param name="handle">Stays the caller's, and must outlive the handler's use.</param>
    /// <param name="options">What is asked for. Null: by host and port of the URL.</param>
    /// <returns>The handler.</returns>
    public static SocketsHttpHandler UseFlower(
        this SocketsHttpHandler handler, Handle handle, FlowerHttpOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(handle);
        options ??= new();
        handler.UseProxy = false;
        handler.ConnectCallback = async (context, cancellationToken) =>
        {
            Connection connection = await handle.ConnectAsync(
                options.AllLabels(context.DnsEndPoint), options.Connect, cancellationToken).ConfigureAwait(false);
            try
            {
                // It shuts the socket down before it closes it, as a revocable one must be.
                return new NetworkStream(connection.Socket, ownsSocket: true);
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        };
        return handler;
    }
}
