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
    // Of the limit, in percent. From nine tenths on, the collector itself does what it can (GCHighMemPercent).
    private const int FullForWhatStays = 80;
    private const int FullForCalls = 90;
    private const int FullForQueues = 95;

    private const long LookMs = 10;
    private const long CollectMs = 10_000;
    private const long QuietMs = 10_000;

    private readonly long _limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    private long _used;
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
        if (full == int.MaxValue || Used() / full < _limit / 100)
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

    private long Used()
    {
        long now = Environment.TickCount64;
        if (now >= _lookAt)
        {
            _lookAt = now + LookMs;
            _used = GC.GetTotalMemory(forceFullCollection: false);
            if (_used / FullForWhatStays >= _limit / 100 && now >= _collectAt)
            {
                // Some of it may be garbage that the collector is in no hurry to find.
                _collectAt = now + CollectMs;
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: false);
            }
        }

        return _used;
    }
}
