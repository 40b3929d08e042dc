// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Protocol.V1;

/// <summary>
/// A message with <see cref="FileDescriptor"/> fields. Written out for each such message, because finding the fields by
/// reflection is neither fast nor trimming-clean; a test compares it with the contract.
/// </summary>
public interface IDescriptorCarrier
{
    /// <summary>Adds the descriptor fields that are set, in a fixed order.</summary>
    void CollectDescriptors(ICollection<FileDescriptor> into);
}
