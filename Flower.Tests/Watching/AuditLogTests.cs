// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json;
using Flower.Protocol.V1;
using Flower.Switchboard.Watching;
using Flower.Tests.Rpc;
using NUnit.Framework;

namespace Flower.Tests.Watching;

/// <summary>The audit log on a disk that is full, and without one that is.</summary>
internal sealed class AuditLogTests
{
    private string _folder = null!;

    private string LogPath => Path.Combine(_folder, "audit.log");

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("flower-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, true);

    [Test]
    public async Task Take_DiskIsFullForAWhile_LoopGoesOnAndWhatIsMissingIsSaid()
    {
        const int events = 20_000;
        var log = new LogCollector();
        File.CreateSymbolicLink(LogPath, "/dev/full");
        var audit = new AuditLog(LogPath, log);
        for (int i = 0; i < events; i++)
        {
            audit.Take(Happened(i, "x"));
        }

        Waiting.Until(() => log.Warnings.Any(), "it was not logged");
        Assert.That(audit.Missed, Is.GreaterThan(0), "what waits is bounded");
        File.Delete(LogPath);
        audit.Reopen();
        Waiting.Until(() => log.Lines.Any(line => line.Contains("is written again")), "it does not go on");
        audit.Take(Happened(events, "last"));
        await audit.DisposeAsync();

        List<JsonElement> lines = Lines();
        Assert.That(log.Warnings.Count(), Is.EqualTo(1), "said once");
        Assert.That(log.Warnings.Single(), Does.Contain("No space left on device"));
        long missed = lines.Where(l => l.TryGetProperty("missed", out _)).Sum(l => l.GetProperty("missed").GetInt64());
        Assert.That(missed, Is.EqualTo(audit.Missed));
        Assert.That(lines.Count(l => l.TryGetProperty("event", out _)) + missed, Is.EqualTo(events + 1));
        Assert.That(lines[^1].GetProperty("reason").GetString(), Is.EqualTo("last"));
        Assert.That(File.GetUnixFileMode(LogPath) & ~(UnixFileMode)0x1a0, Is.EqualTo((UnixFileMode)0), "0640 at most");
    }

    [Test]
    public async Task Dispose_DiskIsFull_Ends()
    {
        var log = new LogCollector();
        var audit = new AuditLog("/dev/full", log);
        audit.Take(Happened(1, "x"));
        Waiting.Until(() => log.Warnings.Any(), "it was not logged");
        await audit.DisposeAsync().AsTask().Soon();
    }

    [Test]
    public async Task Write_HostileText_IsOneLineOfJson()
    {
        const string hostile = "\n{\"event\":\"forged\"}\r\u2028\u0085\u001b[31m\"\\";
        var audit = new AuditLog(LogPath, new LogCollector());
        audit.Take(Happened(1, hostile));
        await audit.DisposeAsync();
        Assert.That(Lines().Single().GetProperty("reason").GetString(), Is.EqualTo(hostile));
    }

    [Test]
    public void Open_NoSuchFolder_SaysWhy() =>
        Assert.That(
            () => new AuditLog(Path.Combine(_folder, "none", "audit.log"), new LogCollector()),
            Throws.InstanceOf<IOException>().With.Message.Contains("No such file or directory"));

    private List<JsonElement> Lines() =>
        [.. File.ReadAllText(LogPath).TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];

    private static HandleOccurrence Happened(int number, string reason) => new(
        new Event { Sequence = (ulong)number, Refused = new RefusedCall { Method = "List", Reason = reason } }, null!);
}
