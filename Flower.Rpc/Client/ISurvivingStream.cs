// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc;

/// <summary>
/// A call with two streams that may survive a restart of the switchboard: the response stream that a stub returns is one.
/// Each restart begins a new epoch, in which both sides have their first message credit again and nothing that was said
/// before counts. Written from any thread, read by one reader.
/// </summary>
/// <typeparam name="TRequest">What it is written.</typeparam>
public interface ISurvivingStream<in TRequest>
{
    /// <summary>The epoch in which the reader is, 0 at first; the messages that it reads are of this epoch.</summary>
    int Epoch { get; }

    /// <summary>The reader has come to a restart: there is no current message.</summary>
    bool IsAtRestart { get; }

    /// <summary>
    /// From here on the call survives, if the switchboard says so; before, and without, a restart ends it like any other.
    /// Its reader looks at <see cref="IsAtRestart"/> after each successful MoveNext.
    /// </summary>
    void Survive();

    /// <summary>
    /// Writes a message that answers something of an epoch, unless that epoch is over: then the message is not sent, its
    /// descriptors are closed, and the exception's cause is <see cref="SessionLoss.Restarted"/>.
    /// </summary>
    /// <exception cref="Grpc.Core.RpcException">The call has ended, or the epoch has.</exception>
    Task WriteAsync(TRequest message, int epoch, CancellationToken cancellationToken);

    /// <summary>As <see cref="WriteAsync"/>, if there is credit for the message now. False: there is none, and nothing was done.
    /// </summary>
    /// <exception cref="Grpc.Core.RpcException">The call has ended, or the epoch has.</exception>
    bool TryWrite(TRequest message, int epoch);

    /// <summary>
    /// Reads all that comes, instead of MoveNext: each message, or restart, is current while the handler has it, one after
    /// another. Where the one before was handled at once, the next is handled where it arrives, on the loop, without a task.
    /// </summary>
    /// <param name="handler">Handles what is current.</param>
    /// <returns>Ends when the stream has ended in order.</returns>
    /// <exception cref="Grpc.Core.RpcException">The call has failed; or what the handler has thrown.</exception>
    Task ForEachAsync(Func<ValueTask> handler);
}
