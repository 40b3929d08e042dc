// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.State;
using Google.Protobuf;

namespace Flower.Rpc.Server;

/// <summary>
/// Answers a unary call in the place of a handler that would wait for what it answers: a call that waits for one thing only
/// needs no task for that. See <see cref="SessionCallContext.AnswerLater"/>. On the loop.
/// </summary>
public interface ILateAnswer
{
    /// <summary>The call has ended without its answer. Comes once, and not from within what ended it.</summary>
    void OnEnded();

    /// <summary>Where it is: as <see cref="SessionCallContext.Checkpoint"/>, in the place of that.</summary>
    ByteString Save(DescriptorTable descriptors);
}
