// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Flower.Switchboard.Sessions.Resolving;

namespace Flower.Tests.Resolving;

/// <summary>A resolver's stream, which keeps what it is told.</summary>
internal sealed class ScriptedResolver : IResolverStream
{
    public List<(ulong Id, LabelSet Question)> Asked { get; } = [];

    public List<ulong> Withdrawn { get; } = [];

    public Task AskAsync(ulong id, LabelSet question, CancellationToken cancellationToken)
    {
        Asked.Add((id, question));
        return Task.CompletedTask;
    }

    public Task WithdrawAsync(ulong id)
    {
        Withdrawn.Add(id);
        return Task.CompletedTask;
    }
}
