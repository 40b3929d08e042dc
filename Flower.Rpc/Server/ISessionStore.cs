// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.State;

namespace Flower.Rpc.Server;

/// <summary>
/// Where sessions are kept that must outlive a crash of this process. Each has a number there. What is told is kept before
/// the call returns. On the loop.
/// </summary>
public interface ISessionStore
{
    /// <summary>Keeps a session. The socket stays the caller's.</summary>
    /// <returns>Its number; never 0.</returns>
    ulong Add(Descriptor socket, ISessionAuthority authority, bool isShared);

    /// <summary>A session that was kept before, under its number.</summary>
    void AddAgain(ulong number, ISessionAuthority authority, bool isShared);

    /// <summary>A session has an owner.</summary>
    /// <param name="number">The session.</param>
    /// <param name="owner">The process.</param>
    /// <param name="understandsRestarted">Only then it can go on after a crash.</param>
    void SetOwner(ulong number, Credentials owner, bool understandsRestarted);

    /// <summary>
    /// A call of a session is to go on after a crash. One that is kept anew many times a second may be kept a little later.
    /// </summary>
    void AddCall(ulong number, CallState call);

    /// <summary>It has ended.</summary>
    void RemoveCall(ulong number, uint callId);

    /// <summary>A session has ended.</summary>
    void Remove(ulong number);
}
