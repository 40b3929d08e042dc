// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Client;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Flower.AspNetCore;

/// <summary>Registers on the switchboard where Kestrel would bind. All other endpoints are left to Kestrel's own factories.</summary>
internal sealed class FlowerListenerFactory(
    IOptions<SocketConnectionFactoryOptions> sockets, IHostApplicationLifetime lifetime, ILogger<FlowerListener> logger)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector
{
    public bool CanBind(EndPoint endpoint) => endpoint is FlowerEndPoint;

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        if (endpoint is not FlowerEndPoint flower)
        {
            throw new NotSupportedException($"{endpoint} is no {nameof(FlowerEndPoint)}");
        }

        if (flower.MaxConnections < 1)
        {
            throw new InvalidOperationException($"{nameof(FlowerEndPoint.MaxConnections)} is at least 1, or null for no limit");
        }

        Handle? own = flower.Handle is null
            ? await Handle.OpenAsync(flower.Switchboard, Observed(flower), cancellationToken).ConfigureAwait(false)
            : null;
        try
        {
            Listener listener = await (own ?? flower.Handle!)
                .ListenAsync(flower.Labels, flower.Listen, cancellationToken).ConfigureAwait(false);
            return new FlowerListener(
                flower, own, listener, new SocketConnectionContextFactory(sockets.Value, logger), lifetime, logger);
        }
        catch
        {
            if (own is not null)
            {
                await own.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }
    }

    // Somebody should be told; who has an observer of his own is told by that.
    private HandleOptions Observed(FlowerEndPoint endPoint) => endPoint.HandleOptions.Observer is not null
        ? endPoint.HandleOptions
        : endPoint.HandleOptions with
        {
            Observer = happened =>
            {
                if (happened == HandleEvent.Lost)
                {
                    ListenerLog.Lost(logger, endPoint);
                }
                else
                {
                    ListenerLog.Back(logger, endPoint);
                }
            },
        };
}
