// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Hosting;

/// <summary>Kestrel in this process, with nothing that it is not given.</summary>
internal static class KestrelHost
{
    /// <summary>Begins one that is started and stopped by whoever made it, and by no signal.</summary>
    /// <param name="logs">Where it logs, which stays the caller's.</param>
    /// <param name="configure">Where it listens, and within which limits.</param>
    public static WebApplicationBuilder Begin(ILoggerFactory logs, Action<KestrelServerOptions> configure)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new() { ApplicationName = "flower" });
        builder.Services.AddSingleton(logs);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(configure);
        // Signals are the daemon's business: the host would take SIGQUIT, and do nothing with it.
        builder.Services.AddSingleton<IHostLifetime, SilentLifetime>();
        return builder;
    }

    private sealed class SilentLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
