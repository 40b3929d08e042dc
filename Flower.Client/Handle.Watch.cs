// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.CompilerServices;
using Flower.Protocol;
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Client;

/// <content>What happens on the board, and figures about it.</content>
public sealed partial class Handle
{
    /// <summary>
    /// What happens on the board, without end: first a snapshot of the targets, then changes. Whoever reads too slowly is told
    /// how much was missed, and gets another snapshot; so does everybody when the switchboard was replaced or has come back.
    /// See <see cref="SnapshotNotice"/>.
    /// </summary>
    /// <param name="labels">Only what does not contradict these, as for <see cref="ListAsync"/>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="FlowerException">The handle lacks the right LIST, or the switchboard has gone for good.</exception>
    public async IAsyncEnumerable<BoardEvent> WatchAsync(
        LabelSet labels, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var request = new WatchRequest { Labels = labels.ToMessage() };
        bool wasTold = false;
        for (int losses = 0; ; losses++)
        {
            bool isAgain = wasTold;
            Session session = await _keeper.GetAsync(default, cancellationToken).ConfigureAwait(false);
            using AsyncServerStreamingCall<WatchResponse> call =
                session.Pooled.Watch(request, cancellationToken: cancellationToken);
            ListStep step;
            while ((step = await NextAsync(call, session, hasTold: false, losses, cancellationToken).ConfigureAwait(false))
                == ListStep.Slice)
            {
                wasTold = true;
                losses = 0;
                foreach (Event told in call.ResponseStream.Current.Events)
                {
                    if (isAgain && told.SnapshotBegun is SnapshotBegun begun)
                    {
                        // The first one of this call, and not of whoever reads.
                        begun.ClearMissed();
                        isAgain = false;
                    }

                    if (BoardEvent.From(told) is BoardEvent happened)
                    {
                        yield return happened;
                    }
                }
            }

            if (step == ListStep.End)
            {
                yield break;
            }
        }
    }

    /// <summary>Figures about the switchboard.</summary>
    /// <exception cref="FlowerException">The handle lacks the right LIST, or the switchboard went away.</exception>
    public async Task<BoardStats> StatsAsync(CancellationToken cancellationToken = default) => new(await CallAsync(
        static (session, onLoop, request, options) => session.Stub(onLoop).StatsAsync(request, options),
        new StatsRequest(), default, cancellationToken).ConfigureAwait(false));
}
