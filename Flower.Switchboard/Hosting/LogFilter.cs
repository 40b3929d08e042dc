// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Hosting;

/// <summary>What of a switchboard, and of what it is built on, is worth a line of its log.</summary>
public static class LogFilter
{
    /// <summary>All of its own from a level on, and warnings of the rest.</summary>
    public static LoggerFilterOptions From(LogLevel minimum)
    {
        var filter = new LoggerFilterOptions { MinLevel = minimum };
        Add("Microsoft", LogLevel.Warning);
        Add("Grpc", LogLevel.Warning);

        // Not a line for each connection that is one too many.
        Add("Microsoft.AspNetCore.Server.Kestrel.Connections", LogLevel.Error);

        // What breaks HTTP/2 ends its own connection, and is no failure of the switchboard's, as critical as Kestrel finds it.
        Add("Microsoft.AspNetCore.Server.Kestrel.Http2", LogLevel.None);
        return filter;

        void Add(string category, LogLevel level) => filter.Rules.Add(new(null, category, level, null));
    }
}
