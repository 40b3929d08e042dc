// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Protocol.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Flower.Tests.EndToEnd;

/// <summary>Stock gRPC over the admin socket, as a dashboard would have it.</summary>
internal sealed class GrpcDoor : IDisposable
{
    public GrpcDoor(string path)
    {
        var handler = new SocketsHttpHandler
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
        Channel = GrpcChannel.ForAddress(
            "http://localhost", new() { HttpHandler = handler, DisposeHttpClient = true });
        Switchboard = new(Channel);
    }

    public GrpcChannel Channel { get; }

    public Flower.Protocol.V1.Switchboard.SwitchboardClient Switchboard { get; }

    public static DateTime Deadline => DateTime.UtcNow + Patience.Limit;

    public async Task<List<Target>> ListAsync()
    {
        using AsyncServerStreamingCall<ListResponse> call = Switchboard.List(new(), deadline: Deadline);
        var targets = new List<Target>();
        await foreach (ListResponse response in call.ResponseStream.ReadAllAsync())
        {
            targets.AddRange(response.Targets);
        }

        return targets;
    }

    public void Dispose() => Channel.Dispose();
}
