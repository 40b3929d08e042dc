// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Extensions.Logging;

namespace Flower.Rpc.Server;

/// <summary>What sessions log.</summary>
internal static partial class RpcLog
{
    [LoggerMessage(1, LogLevel.Warning, "session of pid {Pid} uid {Uid} ended: {Reason}")]
    internal static partial void SessionFailed(ILogger logger, int pid, uint uid, string reason);

    [LoggerMessage(2, LogLevel.Debug, "session of pid {Pid} uid {Uid} closed")]
    internal static partial void SessionClosed(ILogger logger, int pid, uint uid);

    [LoggerMessage(3, LogLevel.Warning, "a packet on a shared handle was dropped: {Reason}")]
    internal static partial void PacketDropped(ILogger logger, string reason);

    [LoggerMessage(4, LogLevel.Warning, "a session was not opened: {Reason}")]
    internal static partial void OpenRefused(ILogger logger, string reason);

    [LoggerMessage(5, LogLevel.Warning, "sessions wait to be accepted: {Reason}")]
    internal static partial void AcceptFailed(ILogger logger, string reason);

    [LoggerMessage(6, LogLevel.Error, "{Method} failed")]
    internal static partial void CallFaulted(ILogger logger, string method, Exception exception);

    [LoggerMessage(7, LogLevel.Information, "{Lines} left out that {Who} had caused: there were too many")]
    internal static partial void LeftOut(ILogger logger, string lines, string who);

    [LoggerMessage(8, LogLevel.Warning, "what is sent with descriptors waits: programs have left too many of them unread (ETOOMANYREFS): "
        + "end those that do not read, or raise the limit (LimitNOFILE, ulimit -n)")]
    internal static partial void Crowded(ILogger logger);
}
