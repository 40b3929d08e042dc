// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.ProxyProtocol;

namespace Flower.Ingress.Peek;

/// <summary>What to do with a connection after a look at its first bytes.</summary>
internal abstract record FirstBytesStep
{
    private FirstBytesStep()
    {
    }

    /// <summary>Nothing can be said yet.</summary>
    public static FirstBytesStep Await { get; } = new More();

    /// <summary>Wait for more bytes.</summary>
    internal sealed record More : FirstBytesStep;

    /// <summary>Receive exactly this many bytes, which were a PROXY header, and go on with what follows.</summary>
    internal sealed record Consume(int Length, ProxyHeader Header) : FirstBytesStep;

    /// <summary>Let it in, with these labels.</summary>
    internal sealed record Admit(LabelSet Labels) : FirstBytesStep;

    /// <summary>Close it.</summary>
    internal sealed record Refuse(string Reason) : FirstBytesStep;
}
