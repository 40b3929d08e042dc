// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Extensions.Logging;

namespace Flower.AspNetCore;

/// <summary>What listening on a board logs.</summary>
internal static partial class ListenerLog
{
    [LoggerMessage(1, LogLevel.Warning, "the switchboard has gone: {EndPoint} waits for it")]
    internal static partial void Lost(ILogger logger, FlowerEndPoint endPoint);

    [LoggerMessage(2, LogLevel.Information, "the switchboard is back: {EndPoint} registers again")]
    internal static partial void Back(ILogger logger, FlowerEndPoint endPoint);

    [LoggerMessage(3, LogLevel.Critical, "{EndPoint} is not registered any more, and the application stops: {Reason}")]
    internal static partial void Ended(ILogger logger, FlowerEndPoint endPoint, string reason);

    [LoggerMessage(4, LogLevel.Debug, "{EndPoint} did not serve a connection")]
    internal static partial void NotServed(ILogger logger, FlowerEndPoint endPoint, Exception exception);
}
