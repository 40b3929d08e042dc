// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Hosting;

/// <summary>What the daemon logs about itself.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(201, LogLevel.Information, "listening on {Handle} (handle door) and {Grpc} (gRPC door)")]
    internal static partial void Started(ILogger logger, string handle, string grpc);

    [LoggerMessage(202, LogLevel.Information, "replaced by process {Pid}, which has all sessions; calls waited {Milliseconds} ms")]
    internal static partial void Replaced(ILogger logger, int pid, long milliseconds);

    [LoggerMessage(203, LogLevel.Warning, "not replaced, and goes on: {Reason}")]
    internal static partial void NotReplaced(ILogger logger, string reason);

    [LoggerMessage(204, LogLevel.Information, "took over {Sessions}, {Handles} and {Targets}")]
    internal static partial void TookOver(ILogger logger, string sessions, string handles, string targets);

    [LoggerMessage(205, LogLevel.Information, "back with {Sessions}, {Handles} and {Targets} that the service manager kept")]
    internal static partial void Restored(ILogger logger, string sessions, string handles, string targets);

    [LoggerMessage(206, LogLevel.Error, "what the service manager kept cannot be used, and the switchboard begins empty: {Reason}")]
    internal static partial void NotRestored(ILogger logger, string reason);

    [LoggerMessage(212, LogLevel.Error, "goes on without {What}: {Reason}")]
    internal static partial void GoesOnWithout(ILogger logger, string what, string reason);

    [LoggerMessage(213, LogLevel.Information, "metrics are served at {Address}")]
    internal static partial void ServesMetrics(ILogger logger, Telemetry.MetricsAddress address);

    [LoggerMessage(207, LogLevel.Warning, "the service manager does not keep sessions: {Reason}")]
    internal static partial void StoreFailed(ILogger logger, string reason);

    [LoggerMessage(208, LogLevel.Critical, "a handler on the loop failed; the loop goes on")]
    internal static partial void Fault(ILogger logger, Exception exception);

    [LoggerMessage(209, LogLevel.Information, "the configuration was reloaded from {File} (grants: {Grants})")]
    internal static partial void Reloaded(ILogger logger, string file, int grants);

    [LoggerMessage(210, LogLevel.Error, "{Error}")]
    internal static partial void WrongConfiguration(ILogger logger, string error);

    [LoggerMessage(
        211, LogLevel.Error, "the configuration was not reloaded (errors: {Errors}): the one before stays in force")]
    internal static partial void NotReloaded(ILogger logger, int errors);
}
