// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Quotas;

/// <summary>What one session counts for. On the loop.</summary>
/// <param name="uid">The user for whom it counts.</param>
internal sealed class SessionLoad(uint uid)
{
    public uint Uid { get; } = uid;

    public long QueuedBytes { get; set; }

    public int DescriptorsInFlight { get; set; }
}
