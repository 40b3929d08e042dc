// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Switchboard.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Flower;

/// <summary>
/// The log of a switchboard, on standard error: one line an entry, <c>info: flower.switchboard[201] listening on …</c>. Without a
/// container of services, which would be a fifth of the start of a switchboard.
/// </summary>
internal static class SwitchboardLog
{
    /// <summary>Opens it. Who disposes it waits until what was logged is written, for a second or two at most.</summary>
    /// <param name="minimum">Nothing below is written.</param>
    public static ILoggerFactory Open(LogLevel minimum)
    {
        // It disposes only the providers that are added.
        var logs = new LoggerFactory([], LogFilter.From(minimum));
        logs.AddProvider(new ConsoleLoggerProvider(new Settings(), [new Lines(IsColored())]));
        return logs;
    }

    private static bool IsColored() =>
        ColorOption.IsWanted(ColorOption.Auto, !Console.IsErrorRedirected, Environment.GetEnvironmentVariable);

    /// <summary>An entry, an exception with it, on one line.</summary>
    internal sealed class Lines(bool isColored) : ConsoleFormatter(nameof(Lines))
    {
        /// <inheritdoc/>
        public override void Write<TState>(
            in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
        {
            (string level, string color) = logEntry.LogLevel switch
            {
                LogLevel.Trace => ("trce", "37"),
                LogLevel.Debug => ("dbug", "37"),
                LogLevel.Information => ("info", "32"),
                LogLevel.Warning => ("warn", "1;33"),
                LogLevel.Error => ("fail", "1;31"),
                _ => ("crit", "1;37;41"),
            };
            textWriter.Write(isColored ? $"\e[{color}m{level}\e[0m" : level);
            textWriter.Write($": {logEntry.Category}[{logEntry.EventId.Id}] ");
            WriteOnOneLine(logEntry.Formatter(logEntry.State, logEntry.Exception) ?? "", textWriter);
            if (logEntry.Exception is Exception exception)
            {
                textWriter.Write(' ');
                WriteOnOneLine(exception.ToString(), textWriter);
            }

            textWriter.WriteLine();
        }

        private static void WriteOnOneLine(string text, TextWriter to) => to.Write(text.ReplaceLineEndings(" "));
    }

    private sealed class Settings : IOptionsMonitor<ConsoleLoggerOptions>
    {
        public ConsoleLoggerOptions CurrentValue { get; } = new()
        {
            FormatterName = nameof(Lines),
            LogToStandardErrorThreshold = LogLevel.Trace,

            // Who reads standard error slowly, or not at all, misses lines, and is told how many: the board does not wait.
            QueueFullMode = ConsoleLoggerQueueFullMode.DropWrite,
        };

        public ConsoleLoggerOptions Get(string? name) => CurrentValue;

        // They stay as they are.
        public IDisposable? OnChange(Action<ConsoleLoggerOptions, string?> listener) => null;
    }
}
