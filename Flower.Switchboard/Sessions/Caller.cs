// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions;

/// <summary>Who makes a call: the authority, and the process that the kernel named.</summary>
internal sealed record Caller(Handle Handle, Credentials Credentials)
{
    /// <summary>What the switchboard attests of the caller when it is the client of a connection.</summary>
    public LabelSet AsClient() => Attest(ReservedKeys.ClientUid, ReservedKeys.ClientGid, ReservedKeys.ClientPid);

    /// <summary>What the switchboard attests of the caller when it is a target.</summary>
    public LabelSet AsServer() => Attest(ReservedKeys.ServerUid, ReservedKeys.ServerGid, ReservedKeys.ServerPid);

    private LabelSet Attest(string uid, string gid, string pid) => LabelSet.Create(
        (uid, Credentials.Uid.ToString(CultureInfo.InvariantCulture)),
        (gid, Credentials.Gid.ToString(CultureInfo.InvariantCulture)),
        (pid, Credentials.Pid.ToString(CultureInfo.InvariantCulture)));
}
