// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>A quota is exhausted: told once in 10 seconds of each quota of each user and handle.</summary>
public sealed class QuotaNotice : BoardEvent
{
    internal QuotaNotice(Event told)
        : base(told)
    {
        Quota = told.Quota.Quota;
        Budget = told.Quota.Budget;
        Limit = told.Quota.Limit;
        Process = ProcessInfo.From(told.Quota.Process);
        HandleId = told.Quota.HandleId;
    }

    /// <summary>Its name, as the configuration spells it.</summary>
    public string Quota { get; }

    /// <summary>Whose: "user 1000", "handle 17".</summary>
    public string Budget { get; }

    /// <summary>The limit.</summary>
    public long Limit { get; }

    /// <summary>Who wanted more.</summary>
    public ProcessInfo Process { get; }

    /// <summary>Over which handle.</summary>
    public ulong HandleId { get; }
}
