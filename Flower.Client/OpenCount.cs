// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>One open connection of a server, counted until it is disposed of. Idempotent, thread-safe.</summary>
internal sealed class OpenCount : IDisposable
{
    private TargetReport? _report;

    public OpenCount(TargetReport report)
    {
        _report = report;
        report.Count(1);
    }

    public void Dispose() => Interlocked.Exchange(ref _report, null)?.Count(-1);
}
