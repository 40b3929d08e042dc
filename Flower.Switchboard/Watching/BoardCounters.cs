// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Grpc.Core;
using Target = Flower.Switchboard.Sessions.Target;

namespace Flower.Switchboard.Watching;

/// <summary>What is counted whether or not anybody watches: plain numbers. On the loop.</summary>
internal sealed class BoardCounters
{
    // The codes of gRPC are 0 to 16.
    private readonly long[] _refused = new long[17];

    /// <summary>Since when.</summary>
    public long StartedAt { get; } = Environment.TickCount64;

    /// <summary>Connects that were asked for; the latest has this number.</summary>
    public long Asked { get; set; }

    /// <summary>Connections that were made.</summary>
    public long Accepted { get; private set; }

    /// <summary>Calls without an answer.</summary>
    public int Pending { get; set; }

    /// <summary>Connects of the last minute.</summary>
    public ConnectRates Rates { get; } = new();

    /// <summary>Calls that were refused last.</summary>
    public LastRefusals LastRefusals { get; } = new();

    public int Servers { get; private set; }

    public int Activators { get; private set; }

    public int Egresses { get; private set; }

    public int Resolvers { get; private set; }

    /// <summary>Connects that were refused, or given up by who asked, by code.</summary>
    public IEnumerable<RefusalCount> Refused =>
        _refused.Select((count, code) => new RefusalCount { Code = code, Count = (ulong)count }).Where(r => r.Count > 0);

    public void OnAccepted()
    {
        Accepted++;
        Rates.OnAccepted(Environment.TickCount64);
    }

    public void OnRefused(StatusCode code)
    {
        OnGivenUp(code);
        Rates.OnRefused(Environment.TickCount64);
    }

    /// <summary>Whoever asked for a connect did not wait for its end. Nobody has refused it.</summary>
    public void OnGivenUp(StatusCode code) =>
        _refused[(int)code < _refused.Length ? (int)code : (int)StatusCode.Unknown]++;

    /// <summary>A target came or went.</summary>
    public void Add(Target target, int count)
    {
        switch (target.Kind)
        {
            case TargetKind.Egress:
                Egresses += count;
                break;
            case TargetKind.Resolver:
                Resolvers += count;
                break;
            default:
                Servers += target.IsActivator ? 0 : count;
                Activators += target.IsActivator ? count : 0;
                break;
        }
    }
}
