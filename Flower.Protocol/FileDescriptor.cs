// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;

namespace Flower.Protocol.V1;

/// <summary>
/// A descriptor in a message. The generated half carries its position on the wire; this half carries the descriptor
/// itself. The transport sets the position on the way out and the handle on the way in.
/// </summary>
public sealed partial class FileDescriptor
{
    /// <summary>
    /// The descriptor. Sending a message gives it to the transport, which closes it once the packet is on its way
    /// or the call has failed. Of a received message the reader owns it, and disposes it.
    /// </summary>
    public SafeHandle? Handle { get; set; }

    /// <summary>A field that carries <paramref name="handle"/>, whose ownership passes to the message.</summary>
    public static FileDescriptor Adopt(SafeHandle handle) => new() { Handle = handle };
}
