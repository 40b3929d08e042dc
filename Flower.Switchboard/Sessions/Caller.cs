// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Switchboard.Attestation;
using Flower.Switchboard.Routing;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// Who makes a call: the authority, and the process that the kernel named. One object a session, so that what is
/// attested is found out once, when the first connection or registration needs it.
/// </summary>
/// <param name="node">The authority.</param>
/// <param name="credentials">The process.</param>
/// <param name="session">Its session on the handle door; null: on the other door, where no more than its ids is
/// known.</param>
internal sealed class Caller(HandleNode node, Credentials credentials, ISession? session = null)
{
    // Asked for when it is needed: a session that was found after a crash has its pidfd with the next packet only.
    private readonly Lazy<ControlGroup?> _group =
        new(() => ControlGroupFile.Read(credentials.Pid, session?.ProcessDescriptor), isThreadSafe: false);

    private LabelSet? _asClient;
    private LabelSet? _asServer;

    public HandleNode Node { get; } = node;

    public Handle Handle => Node.Handle;

    public Credentials Credentials { get; } = credentials;

    /// <summary>What the switchboard attests of the caller when it is the client of a connection.</summary>
    public LabelSet AsClient => _asClient ??= Attest(ReservedKeys.ClientPrefix);

    /// <summary>What the switchboard attests of the caller when it is a target.</summary>
    public LabelSet AsServer => _asServer ??= Attest(ReservedKeys.ServerPrefix);

    /// <summary>What it asked for last; null: nothing yet, or too much to be kept.</summary>
    public Request? LastRequest { get; set; }

    /// <summary>A descriptor, which the receiver owns, that becomes readable when the caller's process ends.</summary>
    /// <exception cref="FlowerSocketException">EMFILE …</exception>
    public Descriptor OpenProcess() =>
        session?.ProcessDescriptor?.Duplicate() ?? ProcessDescriptor.Open(Credentials.Pid);

    private LabelSet Attest(string prefix)
    {
        ControlGroup? group = _group.Value;
        (string Fact, string? Value)[] facts =
        [
            (ReservedKeys.Uid, Credentials.Uid.ToString(CultureInfo.InvariantCulture)),
            (ReservedKeys.Gid, Credentials.Gid.ToString(CultureInfo.InvariantCulture)),
            (ReservedKeys.Pid, Credentials.Pid.ToString(CultureInfo.InvariantCulture)),
            (ReservedKeys.Cgroup, group?.Path),
            (ReservedKeys.Unit, group?.Unit),
            (ReservedKeys.UserUnit, group?.UserUnit),
        ];
        return LabelSet.Create(
            facts.Where(f => f.Value is not null).Select(f => KeyValuePair.Create(prefix + f.Fact, f.Value!)));
    }
}
