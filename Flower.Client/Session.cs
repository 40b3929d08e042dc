// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc;

namespace Flower.Client;

/// <summary>One session over a handle, with its stubs. Owns its channel.</summary>
internal sealed class Session
{
    private readonly long _openedAt = Environment.TickCount64;

    // An offer that the stream does not take at once goes a longer way, and busy servers have some that they have not read. So
    // many of the largest labels of a client are still less than the switchboard queues for a session.
    private const uint TargetCredit = 48;

    private readonly SessionCallInvoker _pooled;

    public Session(SessionChannel channel)
    {
        Channel = channel;
        _pooled = channel.CreateCallInvoker();
        InlineInvoker = channel.CreateInlineCallInvoker();
        TargetInvoker = channel.CreateInlineCallInvoker(TargetCredit);
        Pooled = new(_pooled);
        Inline = new(InlineInvoker);
    }

    public SessionChannel Channel { get; }

    /// <summary>For callers anywhere.</summary>
    public Switchboard.SwitchboardClient Pooled { get; }

    /// <summary>For callers who go back to a loop by themselves, and for what lives on the session's own.</summary>
    public Switchboard.SwitchboardClient Inline { get; }

    /// <summary>What <see cref="Inline"/> calls, for <see cref="BoardMethods"/>.</summary>
    public SessionCallInvoker InlineInvoker { get; }

    /// <summary>As <see cref="InlineInvoker"/>, for the streams of targets, on which much can come at once.</summary>
    public SessionCallInvoker TargetInvoker { get; }

    /// <summary>The one or the other.</summary>
    public Switchboard.SwitchboardClient Stub(bool onLoop) => onLoop ? Inline : Pooled;

    /// <summary>What the one or the other calls.</summary>
    public SessionCallInvoker Invoker(bool onLoop) => onLoop ? InlineInvoker : _pooled;

    /// <summary>Whether the switchboard served it: one that only lets sessions in and drops them is not back.</summary>
    public bool WasServed =>
        Channel.WasAnswered || Environment.TickCount64 - _openedAt >= Backoff.Longest.TotalMilliseconds;
}
