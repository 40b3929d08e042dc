// SPDX-License-Identifier: BSD-2-Clause
// The messages with descriptor fields. One file, since each of them is one line.
namespace Flower.Protocol.V1;

/// <content>Its descriptors.</content>
public sealed partial class ConstrainResponse : IDescriptorCarrier
{
    /// <inheritdoc/>
    public void CollectDescriptors(ICollection<FileDescriptor> into) => DescriptorCarriers.Add(into, Handle);
}

/// <content>Its descriptors.</content>
public sealed partial class ClientConnectResponse : IDescriptorCarrier
{
    /// <inheritdoc/>
    public void CollectDescriptors(ICollection<FileDescriptor> into) => DescriptorCarriers.Add(into, Socket);
}

/// <content>Its descriptors.</content>
public sealed partial class IngressConnectRequest : IDescriptorCarrier
{
    /// <inheritdoc/>
    public void CollectDescriptors(ICollection<FileDescriptor> into) => DescriptorCarriers.Add(into, Socket);
}

/// <content>Its descriptors.</content>
public sealed partial class IngressConnectResponse : IDescriptorCarrier
{
    /// <inheritdoc/>
    public void CollectDescriptors(ICollection<FileDescriptor> into) => DescriptorCarriers.Add(into, Socket);
}

/// <content>Its descriptors.</content>
public sealed partial class ServerStartResponse : IDescriptorCarrier
{
    /// <inheritdoc/>
    public void CollectDescriptors(ICollection<FileDescriptor> into) =>
        DescriptorCarriers.Add(into, Offer?.Socket ?? Delivery?.Socket);
}

/// <content>Its descriptors.</content>
public sealed partial class EgressStartResponse : IDescriptorCarrier
{
    /// <inheritdoc/>
    public void CollectDescriptors(ICollection<FileDescriptor> into) => DescriptorCarriers.Add(into, Offer?.Socket);
}

/// <content>Its descriptors.</content>
public sealed partial class ServerStartRequest : IDescriptorCarrier
{
    /// <inheritdoc/>
    public void CollectDescriptors(ICollection<FileDescriptor> into) =>
        DescriptorCarriers.Add(into, Answer?.Accept?.Socket);
}

/// <content>Its descriptors.</content>
public sealed partial class EgressStartRequest : IDescriptorCarrier
{
    /// <inheritdoc/>
    public void CollectDescriptors(ICollection<FileDescriptor> into) =>
        DescriptorCarriers.Add(into, Answer?.Accept?.Socket);
}

/// <content>Its descriptors.</content>
public sealed partial class TapStartResponse : IDescriptorCarrier
{
    /// <inheritdoc/>
    public void CollectDescriptors(ICollection<FileDescriptor> into)
    {
        DescriptorCarriers.Add(into, Connection?.ClientSocket);
        DescriptorCarriers.Add(into, Connection?.TargetSocket);
    }
}

internal static class DescriptorCarriers
{
    public static void Add(ICollection<FileDescriptor> into, FileDescriptor? field)
    {
        if (field is not null)
        {
            into.Add(field);
        }
    }
}
