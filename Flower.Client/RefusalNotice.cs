// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Client;

/// <summary>A call was refused that is no connect, or before its labels were looked at; never because of a quota.</summary>
public sealed class RefusalNotice : BoardEvent
{
    internal RefusalNotice(Event told)
        : base(told)
    {
        Method = told.Refused.Method;
        Process = ProcessInfo.From(told.Refused.Process);
        HandleId = told.Refused.HandleId;
        StatusCode = (StatusCode)told.Refused.Code;
        Reason = told.Refused.Reason;
        LeftOut = told.Refused.LeftOut;
    }

    /// <summary>The method: <c>ServerStart</c>.</summary>
    public string Method { get; }

    /// <summary>Who called.</summary>
    public ProcessInfo Process { get; }

    /// <summary>Over which handle.</summary>
    public ulong HandleId { get; }

    /// <summary>How.</summary>
    public StatusCode StatusCode { get; }

    /// <summary>The words of the status.</summary>
    public string Reason { get; }

    /// <summary>How many that were refused before it, over the same handle, are not told, since they came so soon.</summary>
    public ulong LeftOut { get; }
}
