// SPDX-License-Identifier: BSD-2-Clause
using Flower.Client;
using Flower.Run.Agent;

namespace Flower.Run.Box;

/// <summary>Which box was asked for. Immutable.</summary>
/// <param name="Option">The option that asks for a box; null: none.</param>
/// <param name="Binds">What is shown although it is hidden, or shown read-only.</param>
/// <param name="More">More of what bwrap(1) is told, option by option.</param>
/// <param name="Connecting">How a server is chosen for what the command connects to.</param>
/// <param name="Published">Ports that are put on the board.</param>
/// <param name="SendsProxy">Whether connections to these begin with a PROXY header.</param>
/// <param name="SharesHandle">Whether the command has its handle itself.</param>
/// <param name="OutsideSockets">
/// In the box's network already: the number of the descriptor that lists the sockets outside. -1: not yet.
/// </param>
internal sealed record BoxChoice(
    string? Option, IReadOnlyList<Bind> Binds, IReadOnlyList<string> More, ConnectOptions Connecting,
    IReadOnlyList<PublishedPort> Published, bool SendsProxy, bool SharesHandle, int OutsideSockets)
{
    /// <summary>Whether there is a box.</summary>
    public bool IsBoxed => Option is not null;

    /// <summary>Whether what the command connects to and listens on goes over the board.</summary>
    public bool HasAgent => Option == BoxOptions.WithAgent;

    /// <summary>Whether the command inherits a handle.</summary>
    public bool CommandHasHandle => !HasAgent || SharesHandle;

    /// <summary>Whether this process is where the agent has to be.</summary>
    public bool IsInNetwork => OutsideSockets >= 0;
}
