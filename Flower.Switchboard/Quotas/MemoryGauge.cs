// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Quotas;

/// <summary>
/// How much of the managed heap's limit is in use, so that what stays is refused before what passes, and both before an allocation
/// fails, which would end the process. The limit is the runtime's: DOTNET_GCHeapHardLimit, or else three quarters of what the control
/// group may have (<c>MemoryMax=</c>), or else the machine's memory. On the loop.
/// </summary>
internal sealed class MemoryGauge(ILogger logger)
{
    // What the collector needs beside what is in use: regions for what is new, and its own tables. Seen with a limit of 32 MiB: an
    // allocation of 200 KB failed when 24.4 MB were in use, since 31.7 were committed; none did when 20 MB were in use.
    private const long CollectorBytes = 8 << 20;

    // In percent of the rest.
    private const int FullForWhatStays = 80;
    private const int FullForCalls = 90;
    private const int FullForQueues = 95;

    private const long LookMs = 10;
    private const long CollectMs = 10_000;
    private const long QuietMs = 10_000;

    private readonly long _limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    private readonly long _percent = Math.Max(0, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes - CollectorBytes) / 100;

    // With what is garbage since the last collection; and what that left, by which those go whom a collection would help.
    private long _used;
    private long _left;
    private long _lookAt;
    private long _collectAt;
    private long _quietUntil;

    /// <summary>Null, or why there is no room for one more of a kind.</summary>
    public string? Refuses(QuotaKind kind)
    {
        int full = kind switch
        {
            QuotaKind.Sessions or QuotaKind.Targets => FullForWhatStays,
            QuotaKind.PendingCalls => FullForCalls,

            // That ends a session, with all that it has.
            QuotaKind.QueuedBytes => FullForQueues,

            // What takes nothing that lasts, and what the descriptors' limit bounds.
            _ => int.MaxValue,
        };
        if (full == int.MaxValue)
        {
            return null;
        }

        Look();
        if (!IsFull(full, full == FullForWhatStays ? _used : _left))
        {
            return null;
        }

        string why = string.Create(
            CultureInfo.InvariantCulture,
            $"the switchboard is short of memory ({_used >> 20} of {_limit >> 20} MiB are in use): try again later, or raise its limit");
        if (_lookAt >= _quietUntil)
        {
            _quietUntil = _lookAt + QuietMs;
            QuotaLog.ShortOfMemory(logger, why);
        }

        return why;
    }

    private bool IsFull(int percent, long bytes) => bytes >= percent * _percent;

    private void Look()
    {
        long now = Environment.TickCount64;
        if (now < _lookAt)
        {
            return;
        }

        _lookAt = now + LookMs;
        _used = GC.GetTotalMemory(forceFullCollection: false);
        GCMemoryInfo last = GC.GetGCMemoryInfo(GCKind.Any);
        _left = last.HeapSizeBytes - last.FragmentedBytes;
        if (IsFull(FullForWhatStays, _used) && now >= _collectAt)
        {
            // Some of it may be garbage that the collector is in no hurry to find.
            _collectAt = now + CollectMs;
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
        }
    }
}
