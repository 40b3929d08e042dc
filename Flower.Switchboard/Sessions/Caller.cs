// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Switchboard.Routing;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.Sessions;

/// <summary>Who makes a call: the authority, and the process that the kernel named. One object a session.</summary>
internal sealed class Caller(HandleNode node, Credentials credentials)
{
    private LabelSet? _asClient;
    private LabelSet? _asServer;

    public HandleNode Node { get; } = node;

    public Handle Handle => Node.Handle;

    public Credentials Credentials { get; } = credentials;

    /// <summary>What the switchboard attests of the caller when it is the client of a connection.</summary>
    public LabelSet AsClient => _asClient ??= Attest(ReservedKeys.ClientUid, ReservedKeys.ClientGid, ReservedKeys.ClientPid);

    /// <summary>What the switchboard attests of the caller when it is a target.</summary>
    public LabelSet AsServer => _asServer ??= Attest(ReservedKeys.ServerUid, ReservedKeys.ServerGid, ReservedKeys.ServerPid);

    private LabelSet Attest(string uid, string gid, string pid) => LabelSet.Create(
        (uid, Credentials.Uid.ToString(CultureInfo.InvariantCulture)),
        (gid, Credentials.Gid.ToString(CultureInfo.InvariantCulture)),
        (pid, Credentials.Pid.ToString(CultureInfo.InvariantCulture)));
}
