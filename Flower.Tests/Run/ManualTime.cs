// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Tests.Run;

/// <summary>A clock that goes when it is told to.</summary>
internal sealed class ManualTime : TimeProvider
{
    private long _now = 1;

    public override long TimestampFrequency => 1000;

    public override long GetTimestamp() => Volatile.Read(ref _now);

    public void Advance(TimeSpan time) => Interlocked.Add(ref _now, (long)time.TotalMilliseconds);
}
