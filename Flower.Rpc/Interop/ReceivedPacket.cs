// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Interop;

/// <summary>What one recvmsg brought. The receiver owns the descriptors and the pidfd.</summary>
internal readonly struct ReceivedPacket
{
    /// <summary>The packet's bytes in the caller's buffer; 0 is the end of the stream.</summary>
    internal int Length { get; init; }

    /// <summary>The packet was larger than the buffer.</summary>
    internal bool IsTruncated { get; init; }

    /// <summary>Descriptors or credentials were lost: the process is at its limit, or the packet is hostile.</summary>
    internal bool IsControlTruncated { get; init; }

    /// <summary>In the order in which they were sent.</summary>
    internal List<Descriptor>? Descriptors { get; init; }

    /// <summary>The sender; null when the kernel did not say.</summary>
    internal Credentials? Sender { get; init; }

    /// <summary>The sender's pidfd, where it was asked for.</summary>
    internal Descriptor? PidFd { get; init; }

    /// <summary>For a thread that must not wait for what others have made of the descriptors.</summary>
    internal void CloseElsewhere()
    {
        if (Descriptors is not null)
        {
            foreach (Descriptor descriptor in Descriptors)
            {
                descriptor.ClosesElsewhere = true;
            }
        }
    }

    /// <summary>The packet as it had come if this process had had room for fewer descriptors; the others are closed.</summary>
    internal ReceivedPacket With(int descriptors)
    {
        if (Descriptors is null || descriptors >= Descriptors.Count)
        {
            return this;
        }

        foreach (Descriptor lost in Descriptors.Skip(descriptors))
        {
            lost.Dispose();
        }

        return this with { Descriptors = Descriptors.GetRange(0, descriptors), IsControlTruncated = true };
    }

    /// <summary>Closes what nobody took.</summary>
    internal void DisposeDescriptors()
    {
        PidFd?.Dispose();
        foreach (Descriptor descriptor in Descriptors ?? [])
        {
            descriptor.Dispose();
        }
    }
}
