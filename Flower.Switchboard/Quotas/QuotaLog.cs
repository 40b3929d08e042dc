// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Quotas;

/// <summary>What is logged about quotas.</summary>
internal static partial class QuotaLog
{
    [LoggerMessage(301, LogLevel.Information, "quota {Name} of {Budget} is exhausted (limit {Limit}): pid {Pid} uid {Uid} over "
        + "handle {Handle}; said once in 10 seconds")]
    internal static partial void Exhausted(
        ILogger logger, string budget, string name, long limit, int pid, uint uid, ulong handle);

    [LoggerMessage(302, LogLevel.Warning, "{Why}; said once in 10 seconds")]
    internal static partial void ShortOfMemory(ILogger logger, string why);
}
