// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Transport;

/// <summary>
/// Room for the largest packet, and for its frames. Each thread keeps one; who handles a packet has it until he returns it, and
/// whoever receives another one meanwhile, within a handler, has a second one.
/// </summary>
internal sealed class PacketBuffer : IDisposable
{
    [ThreadStatic]
    private static PacketBuffer? _free;

    private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(PacketLimits.MaxPacketBytes);

    private PacketBuffer()
    {
    }

    /// <summary>The packet, and whatever was in the buffer before.</summary>
    internal Memory<byte> Bytes => _bytes;

    /// <summary>The frames of the packet, once they are read.</summary>
    internal List<ReceivedFrame> Frames { get; } = [];

    /// <summary>One for the caller, which he disposes on the same thread.</summary>
    internal static PacketBuffer Take()
    {
        PacketBuffer buffer = _free ?? new();
        _free = null;
        return buffer;
    }

    /// <summary>Gives it back. What the frames say of the packet is good no longer.</summary>
    public void Dispose()
    {
        Frames.Clear();
        _free = this;
    }
}
