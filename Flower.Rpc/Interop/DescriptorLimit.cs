// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>How many descriptors this process may have (RLIMIT_NOFILE, getrlimit(2)).</summary>
public static unsafe class DescriptorLimit
{
    private static readonly Lazy<ulong> Soft = new(Read);

    /// <summary>The limit, as it was when it was first asked for.</summary>
    public static long Value => (long)Math.Min(Soft.Value, long.MaxValue);

    /// <summary>
    /// Whether fewer descriptors than these are left. The kernel gives the lowest free number, so the number of the
    /// newest descriptor says how many there are at least.
    /// </summary>
    public static bool IsNear(Descriptor newest, int keep)
    {
        ArgumentNullException.ThrowIfNull(newest);
        return newest.DangerousGetHandle() + keep >= Value;
    }

    private static ulong Read()
    {
        Native.ResourceLimit limit;
        return Native.GetRLimit(Native.RLimitNoFile, &limit) == 0 ? limit.Soft : ulong.MaxValue;
    }
}
