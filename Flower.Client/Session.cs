// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc;
using Grpc.Core;

namespace Flower.Client;

/// <summary>One session over a handle, with its stubs. Owns its channel.</summary>
internal sealed class Session
{
    private readonly long _openedAt = Environment.TickCount64;
    private readonly CallInvoker _pooled;

    public Session(SessionChannel channel)
    {
        Channel = channel;
        _pooled = channel.CreateCallInvoker();
        InlineInvoker = channel.CreateInlineCallInvoker();
        Pooled = new(_pooled);
        Inline = new(InlineInvoker);
    }

    public SessionChannel Channel { get; }

    /// <summary>For callers anywhere.</summary>
    public Switchboard.SwitchboardClient Pooled { get; }

    /// <summary>For callers who go back to a loop by themselves, and for what lives on the session's own.</summary>
    public Switchboard.SwitchboardClient Inline { get; }

    /// <summary>What <see cref="Inline"/> calls, for <see cref="BoardMethods"/>.</summary>
    public CallInvoker InlineInvoker { get; }

    /// <summary>The one or the other.</summary>
    public Switchboard.SwitchboardClient Stub(bool onLoop) => onLoop ? Inline : Pooled;

    /// <summary>What the one or the other calls.</summary>
    public CallInvoker Invoker(bool onLoop) => onLoop ? InlineInvoker : _pooled;

    /// <summary>Whether the switchboard served it: one that only lets sessions in and drops them is not back.</summary>
    public bool WasServed =>
        Channel.WasAnswered || Environment.TickCount64 - _openedAt >= Backoff.Longest.TotalMilliseconds;
}
