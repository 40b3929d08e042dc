// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Watching;

/// <summary>What is logged about the audit log.</summary>
internal static partial class AuditMessages
{
    [LoggerMessage(401, LogLevel.Warning, "the audit log cannot be written, and what happens waits until it can, or is lost: "
        + "{Reason}")]
    internal static partial void Failed(ILogger logger, string reason);

    [LoggerMessage(402, LogLevel.Information, "the audit log is written again (events lost so far: {Missed})")]
    internal static partial void GoesOn(ILogger logger, long missed);

    [LoggerMessage(403, LogLevel.Error, "the audit log was not reopened, and goes on where it was: {Reason}")]
    internal static partial void NotReopened(ILogger logger, string reason);
}
