// SPDX-License-Identifier: BSD-2-Clause
using Flower.Switchboard.Hosting;
using Flower.Tests.Rpc;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NUnit.Framework;

namespace Flower.Tests.Hosting;

/// <summary>What a line of the switchboard's log looks like, and what has none.</summary>
public sealed class SwitchboardLogTests
{
    [TestCase(LogLevel.Trace, "trce: a.b[7] one")]
    [TestCase(LogLevel.Debug, "dbug: a.b[7] one")]
    [TestCase(LogLevel.Information, "info: a.b[7] one")]
    [TestCase(LogLevel.Warning, "warn: a.b[7] one")]
    [TestCase(LogLevel.Error, "fail: a.b[7] one")]
    [TestCase(LogLevel.Critical, "crit: a.b[7] one")]
    public void Line_EachLevel_BeginsWithIt(LogLevel level, string line) =>
        Assert.That(Write(level, "one", null), Is.EqualTo(line + "\n"));

    [Test]
    public void Line_OfSeveral_IsOne()
    {
        var exception = new IOException("three\r\nfour", new InvalidDataException("five"));

        string line = Write(LogLevel.Error, "one\ntwo", exception);

        Assert.That(
            line,
            Is.EqualTo(
                "fail: a.b[7] one two System.IO.IOException: three four  ---> System.IO.InvalidDataException: five "
                + "   --- End of inner exception stack trace ---\n"));
    }

    [Test]
    public void Line_Colored_IsOnlyTheLevel() =>
        Assert.That(Write(LogLevel.Error, "one", null, isColored: true), Is.EqualTo("\u001b[1;31mfail\u001b[0m: a.b[7] one\n"));

    [TestCase("flower.switchboard", LogLevel.Information, true)]
    [TestCase("flower.switchboard", LogLevel.Debug, false)]
    [TestCase("Microsoft.Hosting.Lifetime", LogLevel.Information, false)]
    [TestCase("Microsoft.Hosting.Lifetime", LogLevel.Warning, true)]
    [TestCase("Grpc.AspNetCore.Server", LogLevel.Information, false)]
    [TestCase("Microsoft.AspNetCore.Server.Kestrel.Connections", LogLevel.Warning, false)]
    [TestCase("Microsoft.AspNetCore.Server.Kestrel.Http2", LogLevel.Critical, false)]
    [TestCase("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Error, true)]
    public void Filter_FromInformation_HasWhatMatters(string category, LogLevel level, bool isWritten)
    {
        var log = new LogCollector();
        using var logs = new LoggerFactory([log.CreateProvider()], LogFilter.From(LogLevel.Information));

        Assert.That(logs.CreateLogger(category).IsEnabled(level), Is.EqualTo(isWritten));
    }

    [Test]
    public void Dispose_WhatWasLogged_IsWritten()
    {
        TextWriter before = Console.Error;
        using var slow = new SlowWriter();
        Console.SetError(slow);
        try
        {
            using ILoggerFactory logs = SwitchboardLog.Open(LogLevel.Information);
            ILogger log = logs.CreateLogger("a");
            for (int i = 0; i < SlowWriter.Lines; i++)
            {
                log.Log(LogLevel.Information, default, i, null, (line, _) => $"line {line}.");
            }
        }
        finally
        {
            Console.SetError(before);
        }

        Assert.That(slow.ToString(), Does.Contain($"line {SlowWriter.Lines - 1}."));
    }

    // As a terminal, or who reads a pipe, may be.
    private sealed class SlowWriter : StringWriter
    {
        public const int Lines = 20;

        public override void Write(string? value)
        {
            Thread.Sleep(10);
            base.Write(value);
        }
    }

    private static string Write(LogLevel level, string message, Exception? exception, bool isColored = false)
    {
        var to = new StringWriter();
        new SwitchboardLog.Lines(isColored).Write(
            new LogEntry<string>(level, "a.b", new EventId(7, "Name"), message, exception, (state, _) => state), null, to);
        return to.ToString();
    }
}
