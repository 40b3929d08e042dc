// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol;
using Flower.Rpc.Interop;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Attestation;

/// <summary>
/// What the switchboard attests of a process, on either side of a connection. The sessions of one process share it: those that
/// were asked for last are remembered, a fixed number of them on each thread. For one thread.
/// </summary>
internal sealed class AttestedProcess
{
    private const int Places = 64;

    [ThreadStatic]
    private static AttestedProcess?[]? _last;

    private readonly Credentials _who;
    private readonly ControlGroup? _group;

    private AttestedProcess(Credentials who, ControlGroup? group) => (_who, _group) = (who, group);

    /// <summary>Of a client.</summary>
    public LabelSet AsClient => field ??= Attest(ReservedKeys.ClientPrefix);

    /// <summary>Of a target.</summary>
    public LabelSet AsServer => field ??= Attest(ReservedKeys.ServerPrefix);

    /// <summary>What is attested of a process.</summary>
    /// <param name="who">The process.</param>
    /// <param name="group">Its control group; null: not known.</param>
    public static AttestedProcess Of(Credentials who, ControlGroup? group)
    {
        ref AttestedProcess? place = ref (_last ??= new AttestedProcess?[Places])[(uint)who.Pid % Places];
        if (place is null || place._who != who || place._group != group)
        {
            place = new(who, group);
        }

        return place;
    }

    private LabelSet Attest(string prefix)
    {
        (string Fact, string? Value)[] facts =
        [
            (ReservedKeys.Uid, _who.Uid.ToString(CultureInfo.InvariantCulture)),
            (ReservedKeys.Gid, _who.Gid.ToString(CultureInfo.InvariantCulture)),
            (ReservedKeys.Pid, _who.Pid.ToString(CultureInfo.InvariantCulture)),
            (ReservedKeys.Cgroup, _group?.Path),
            (ReservedKeys.Unit, _group?.Unit),
            (ReservedKeys.UserUnit, _group?.UserUnit),
        ];
        return LabelSet.Create(
            facts.Where(f => f.Value is not null).Select(f => KeyValuePair.Create(prefix + f.Fact, f.Value!)));
    }
}
