// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.State;
using Google.Protobuf;

namespace Flower.Rpc.Server;

/// <summary>
/// Hears of a streaming call in the place of a handler that would wait for its next message: a call that mostly rests needs
/// nothing then but itself. On the loop.
/// </summary>
public interface ICallListener
{
    /// <summary>The caller says no more. When this returns, the call ends in order, after what was left to be sent.</summary>
    void OnHalfClose();

    /// <summary>The call has ended, whatever ended it. Comes last, once, and not from within what ended it.</summary>
    void OnEnded();

    /// <summary>Where it is: as <see cref="SessionCallContext.Checkpoint"/>, in the place of that.</summary>
    ByteString Save(DescriptorTable descriptors);
}

/// <summary>An <see cref="ICallListener"/> of calls with requests of one type.</summary>
public interface ICallListener<in TRequest> : ICallListener
{
    /// <summary>A message has come. What this throws ends the call, as what a handler throws does.</summary>
    void OnMessage(TRequest request);
}
