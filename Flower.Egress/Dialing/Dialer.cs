// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Egress.Dialing;

/// <summary>
/// Makes connections, any number at once, each within a time limit: one that is not answered costs a descriptor and a
/// timer, and holds up nobody. For the loop's thread alone.
/// </summary>
internal sealed class Dialer(EventLoop loop, TimeSpan limit)
{
    /// <summary>Connects, and sends the preface, which may be empty.</summary>
    /// <param name="target">Where to; must live until the task is complete.</param>
    /// <param name="preface">The first bytes of the connection.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connected socket, blocking; the caller owns it.</returns>
    /// <exception cref="DialException">The connection could not be made.</exception>
    public Task<Descriptor> ConnectAsync(
        DialTarget target, ReadOnlyMemory<byte> preface, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return Task.FromCanceled<Descriptor>(cancellationToken);
        }

        var attempt = new Attempt(loop, target, preface, limit);
        attempt.Start(cancellationToken);
        return attempt.Outcome;
    }
}
