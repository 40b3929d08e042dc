// SPDX-License-Identifier: BSD-2-Clause
using Microsoft.Extensions.Logging;

namespace Flower.Fuzz.Simulation;

/// <summary>Keeps what the board logs as an error, of which there must be none.</summary>
internal sealed class FaultLog : ILogger
{
    /// <summary>The first one.</summary>
    public string? First { get; private set; }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error || World.Trace is not null;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        World.Trace?.Invoke($"the board logs: {formatter(state, exception)}");
        if (logLevel >= LogLevel.Error)
        {
            First ??= exception is null ? formatter(state, exception) : $"{formatter(state, exception)}: {exception}";
        }
    }

    public void Fault(Exception e) => First ??= $"a handler failed: {e}";
}
