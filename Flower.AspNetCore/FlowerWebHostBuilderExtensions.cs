// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Flower.AspNetCore;

/// <summary>Lets Kestrel listen on a switchboard.</summary>
public static class FlowerWebHostBuilderExtensions
{
    /// <summary>
    /// Listens on the switchboard under these labels; call it again for more. As with any endpoint that is named in code,
    /// addresses in the configuration (<c>ASPNETCORE_URLS</c>) no longer count: name those too, if TCP is wanted beside it.
    /// </summary>
    /// <param name="builder">Whose server is Kestrel.</param>
    /// <param name="labels"><c>key=value</c>, <c>+key</c> or <c>+key=value</c> each.</param>
    /// <exception cref="FormatException">One is no label.</exception>
    public static IWebHostBuilder UseFlower(this IWebHostBuilder builder, params string[] labels) =>
        builder.UseFlower(new FlowerEndPoint(labels));

    /// <summary>The same, with where the switchboard is, how it is registered there, and how connections are served.</summary>
    /// <param name="builder">Whose server is Kestrel.</param>
    /// <param name="endPoint">The server on the board.</param>
    /// <param name="configure">Protocols, TLS and connection middleware.</param>
    public static IWebHostBuilder UseFlower(
        this IWebHostBuilder builder, FlowerEndPoint endPoint, Action<ListenOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(endPoint);
        return builder.ConfigureServices(services =>
        {
            services.TryAddEnumerable(ServiceDescriptor.Singleton<IConnectionListenerFactory, FlowerListenerFactory>());
            services.Configure<KestrelServerOptions>(kestrel => kestrel.Listen(endPoint, configure ?? (_ => { })));
        });
    }
}
