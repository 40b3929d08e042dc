// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;

namespace Flower.Benchmarks.Soak;

/// <summary>A gRPC client that is nothing but HTTP/2: each call has a connection of its own.</summary>
internal static class GrpcClient
{
    /// <summary>Calls a method of the switchboard's with an empty request, and reads all of its answer.</summary>
    /// <exception cref="IOException">The status is another one than OK.</exception>
    public static async Task CallAsync(string path, string method)
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        };
        using var client = new HttpClient(handler);
        // A message that is not compressed and has no bytes.
        using var content = new ByteArrayContent([0, 0, 0, 0, 0]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri("http://localhost/flower.v1.Switchboard/" + method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TE.Add(new("trailers"));
        using HttpResponseMessage response = await client.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        string status = response.TrailingHeaders.TryGetValues("grpc-status", out IEnumerable<string>? values)
            ? values.First() : "none";
        if (status != "0")
        {
            throw new IOException($"{method} ended with status {status}");
        }
    }
}
