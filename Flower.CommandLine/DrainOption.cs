// SPDX-License-Identifier: BSD-2-Clause

namespace Flower.CommandLine;

/// <summary>How long a tool that was asked to stop lets finish what goes on: <c>--drain DURATION</c>.</summary>
public static class DrainOption
{
    /// <summary>The option, with the default of 30 seconds.</summary>
    /// <param name="what">What may finish: "connections that are being matched, and relays".</param>
    public static DurationOption Create(string what) => new("--drain", TimeSpan.FromSeconds(30))
    {
        Description = $"After SIGTERM or SIGINT, let {what} finish for so long; a second signal ends at once. "
            + "Default: 30s",
    };
}
