// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using NUnit.Framework;

namespace Flower.Tests.Rpc;

/// <summary>Keeps what is logged. A test fails on an error that it did not expect.</summary>
internal sealed class LogCollector : ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    /// <summary>An error whose text contains this is part of the test.</summary>
    public string? Expected { get; set; }

    public IEnumerable<string> Lines => _lines.Select(l => l.Text);

    public IEnumerable<string> Warnings => _lines.Where(l => l.Level == LogLevel.Warning).Select(l => l.Text);

    public void AssertNoErrors() => Assert.That(
        _lines.Where(l => l.Level >= LogLevel.Error)
            .Where(l => Expected is null || !l.Text.Contains(Expected, StringComparison.Ordinal))
            .Select(l => l.Text),
        Is.Empty,
        "errors in the log");

    public ILoggerProvider CreateProvider() => new Provider(this);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((logLevel, exception is null ? formatter(state, exception) : $"{formatter(state, exception)}: {exception}"));

    private sealed class Provider(LogCollector log) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => log;

        public void Dispose()
        {
        }
    }
}
