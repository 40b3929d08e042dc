// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc;
using Grpc.Core;

namespace Flower.Client;

/// <summary>One session over a handle, with its stubs. Owns its channel.</summary>
internal sealed class Session(SessionChannel channel)
{
    private readonly long _openedAt = Environment.TickCount64;

    public SessionChannel Channel { get; } = channel;

    /// <summary>For callers anywhere.</summary>
    public Switchboard.SwitchboardClient Pooled { get; } = new(channel.CreateCallInvoker());

    /// <summary>For callers who go back to a loop by themselves, and for what lives on the session's own.</summary>
    public Switchboard.SwitchboardClient Inline { get; } = new(channel.CreateInlineCallInvoker());

    /// <summary>As <see cref="Pooled"/>, for <see cref="BoardMethods"/>.</summary>
    public CallInvoker PooledInvoker { get; } = channel.CreateCallInvoker();

    /// <summary>As <see cref="Inline"/>, for <see cref="BoardMethods"/>.</summary>
    public CallInvoker InlineInvoker { get; } = channel.CreateInlineCallInvoker();

    /// <summary>The one or the other.</summary>
    public Switchboard.SwitchboardClient Stub(bool onLoop) => onLoop ? Inline : Pooled;

    /// <summary>The one or the other.</summary>
    public CallInvoker Invoker(bool onLoop) => onLoop ? InlineInvoker : PooledInvoker;

    /// <summary>Whether the switchboard served it: one that only lets sessions in and drops them is not back.</summary>
    public bool WasServed =>
        Channel.WasAnswered || Environment.TickCount64 - _openedAt >= Backoff.Longest.TotalMilliseconds;
}
