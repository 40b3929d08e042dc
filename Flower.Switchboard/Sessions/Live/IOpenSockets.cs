// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions.Live;

/// <summary>Which sockets are open: the kernel knows.</summary>
internal interface IOpenSockets
{
    /// <summary>Finds out, on any thread; null: it can never be known here.</summary>
    /// <param name="unixOnly">Nobody asks about others.</param>
    /// <exception cref="Rpc.FlowerSocketException">Not at the moment: EMFILE, ENOMEM …</exception>
    OpenSockets? Read(bool unixOnly);
}
