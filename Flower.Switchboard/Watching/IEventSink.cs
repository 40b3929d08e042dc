// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Watching;

/// <summary>Who is told what happens. On the loop.</summary>
internal interface IEventSink
{
    /// <summary>The user for whom it counts; null: for nobody.</summary>
    uint? User { get; }

    /// <summary>Something happened. Must be short, and must not change the board.</summary>
    void Take(Occurrence occurrence);

    /// <summary>The board stops: nothing more happens. Idempotent.</summary>
    void Stop();
}
