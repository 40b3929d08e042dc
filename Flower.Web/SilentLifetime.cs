// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Extensions.Hosting;

namespace Flower.Web;

/// <summary>A host that is started and stopped by whoever made it, and by no signal.</summary>
internal sealed class SilentLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
