// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Grpc.Core;

namespace Flower.Rpc.Server;

/// <summary>One open session, as its authority sees it. On the loop.</summary>
public interface ISession
{
    /// <summary>The process that it belongs to; null until that has sent its first packet other than Open.</summary>
    Credentials? Owner { get; }

    /// <summary>
    /// The same process as a pidfd, readable once it has ended: lent while the session is open. Null until it has sent
    /// a packet other than Open to this switchboard, and where the kernel gives none (before Linux 6.5).
    /// </summary>
    Descriptor? ProcessDescriptor { get; }

    /// <summary>It has ended, and counts only for the descriptors that its peer has not taken.</summary>
    bool HasEnded { get; }

    /// <summary>Reads nothing from the session for a while: what its peer does too fast, it then does slower.</summary>
    void Rest();

    /// <summary>Ends the session, telling the peer why as far as it reads. Idempotent.</summary>
    void Stop(StatusCode code, string reason);
}
