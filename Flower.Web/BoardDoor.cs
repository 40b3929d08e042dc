// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Protocol.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Flower.Web;

/// <summary>The gRPC door of a switchboard: a Unix socket, which is connected again whenever it is needed. For any thread.</summary>
internal sealed class BoardDoor : IDisposable
{
    private readonly GrpcChannel _channel;

    /// <summary>Nothing is opened yet.</summary>
    public BoardDoor(string path)
    {
        Path = path;
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
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
        _channel = GrpcChannel.ForAddress("http://localhost", new() { HttpHandler = handler, DisposeHttpClient = true });
        Board = new(_channel);
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>The calls.</summary>
    public Switchboard.SwitchboardClient Board { get; }

    /// <summary>Why a call failed, for people.</summary>
    public string Explain(RpcException failure) => failure.StatusCode switch
    {
        StatusCode.PermissionDenied when failure.Status.DebugException is null => $"{failure.Status.Detail}: flower web needs the right LIST",
        // What the handler says of a socket that nobody listens on is long, and names neither.
        _ when failure.Status.DebugException is HttpRequestException { InnerException: SocketException } =>
            $"no switchboard answers at {Path}: start one with: flower switchboard, or name its gRPC door with --admin",
        // Whoever may not come in is told why before his call begins, in words that .NET's client keeps to itself.
        _ when failure.Status.DebugException is not null =>
            $"the switchboard has gone, or {Path} lets this user in no more, or not without a grant: flower ls says which",
        _ => failure.Status.Detail,
    };

    /// <inheritdoc/>
    public void Dispose() => _channel.Dispose();
}
