// SPDX-License-Identifier: BSD-2-Clause
using System.IO.Pipelines;
using System.Net;
using Flower.Client;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Flower.AspNetCore;

/// <summary>
/// A connection as Kestrel serves it: Kestrel's own, on the socket that the switchboard handed over, and the labels among its
/// features. Owns both, and ends the board's last, which counts it as closed.
/// </summary>
internal sealed class FlowerConnectionContext : ConnectionContext, IFlowerConnectionFeature
{
    private readonly ConnectionContext _inner;
    private readonly Connection _connection;
    private int _ended;

    public FlowerConnectionContext(ConnectionContext inner, Connection connection)
    {
        _inner = inner;
        _connection = connection;
        Labels = connection.Labels;
        Peer = new(connection.Labels);
        inner.Features.Set<IFlowerConnectionFeature>(this);
    }

    public ConnectionLabels Labels { get; }

    public FlowerPeer Peer { get; }

    public override string ConnectionId
    {
        get => _inner.ConnectionId;
        set => _inner.ConnectionId = value;
    }

    public override IFeatureCollection Features => _inner.Features;

    public override IDictionary<object, object?> Items
    {
        get => _inner.Items;
        set => _inner.Items = value;
    }

    public override IDuplexPipe Transport
    {
        get => _inner.Transport;
        set => _inner.Transport = value;
    }

    public override CancellationToken ConnectionClosed
    {
        get => _inner.ConnectionClosed;
        set => _inner.ConnectionClosed = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => _inner.LocalEndPoint;
        set => _inner.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => _inner.RemoteEndPoint;
        set => _inner.RemoteEndPoint = value;
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _inner.Abort(abortReason);
        End();
    }

    public override void Abort() => Abort(new ConnectionAbortedException());

    public override async ValueTask DisposeAsync()
    {
        await _inner.DisposeAsync().ConfigureAwait(false);
        End();
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private void End()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
        {
            _connection.Dispose();
        }
    }
}
