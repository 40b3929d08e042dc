// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Switchboard.Routing;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.Sessions;

/// <summary>Who makes a call: the authority, and the process that the kernel named. One object a session.</summary>
/// <param name="node">The authority.</param>
/// <param name="credentials">The process.</param>
/// <param name="duplicateProcess">Gives a descriptor of the process, where its session has one.</param>
internal sealed class Caller(HandleNode node, Credentials credentials, Func<Descriptor?>? duplicateProcess = null)
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

    /// <summary>A descriptor, which the receiver owns, that becomes readable when the caller's process ends.</summary>
    /// <exception cref="FlowerSocketException">EMFILE …</exception>
    public Descriptor OpenProcess() => duplicateProcess?.Invoke() ?? ProcessDescriptor.Open(Credentials.Pid);

    private LabelSet Attest(string uid, string gid, string pid) => LabelSet.Create(
        (uid, Credentials.Uid.ToString(CultureInfo.InvariantCulture)),
        (gid, Credentials.Gid.ToString(CultureInfo.InvariantCulture)),
        (pid, Credentials.Pid.ToString(CultureInfo.InvariantCulture)));
}
