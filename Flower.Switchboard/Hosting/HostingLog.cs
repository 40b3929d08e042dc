// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Hosting;

/// <summary>What the daemon logs about itself.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(201, LogLevel.Information, "listening on {Handle} (handle door) and {Grpc} (gRPC door)")]
    internal static partial void Started(ILogger logger, string handle, string grpc);

    [LoggerMessage(202, LogLevel.Critical, "a handler on the loop failed; the loop goes on")]
    internal static partial void Fault(ILogger logger, Exception exception);
}
