// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Switchboard.Sessions.Resolving;

/// <summary>What the board says to a resolver.</summary>
internal interface IResolverStream
{
    Task AskAsync(ulong id, LabelSet question, CancellationToken cancellationToken);

    Task WithdrawAsync(ulong id);
}
