// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Rpc.Server;
using Flower.Switchboard.State;
using Google.Protobuf;

namespace Flower.Switchboard.Sessions.Explaining;

/// <summary>Where an explanation goes on. Everything before it was sent, or waits to be.</summary>
internal sealed class ExplainCursor
{
    /// <summary>The verdict was.</summary>
    public bool IsTold { get; set; }

    /// <summary>Of the targets: 0 at the beginning, otherwise as the directory says.</summary>
    public long Next { get; set; }

    /// <summary>What the names of the request stand for, of which the verdict tells.</summary>
    public LabelSet Resolved { get; set; } = LabelSet.Empty;

    /// <summary>Where another process left it; null: it is the beginning.</summary>
    public static ExplainCursor Restore(CallCheckpoint? checkpoint)
    {
        if (checkpoint is null)
        {
            return new();
        }

        ExplainState state = ExplainState.Parser.ParseFrom(checkpoint.State);
        return new() { IsTold = state.Told, Next = state.Next, Resolved = LabelSet.FromMessage(state.Resolved) };
    }

    public ByteString Save() =>
        new ExplainState { Told = IsTold, Next = Next, Resolved = Resolved.ToMessage() }.ToByteString();
}
