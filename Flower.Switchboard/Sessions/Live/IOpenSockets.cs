// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions.Live;

/// <summary>Which sockets are open: the kernel knows.</summary>
internal interface IOpenSockets
{
    /// <summary>Finds out, on any thread; null: it cannot be known here.</summary>
    OpenSockets? Read();
}
