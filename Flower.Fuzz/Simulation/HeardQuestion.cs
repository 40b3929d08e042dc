// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Fuzz.Simulation;

/// <summary>A question as its resolver knows it.</summary>
/// <param name="Id">Of the resolver's stream.</param>
/// <param name="Asked">Its labels: "host=1".</param>
internal sealed record HeardQuestion(ulong Id, IReadOnlyList<string> Asked)
{
    /// <summary>It was answered.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>Nobody waits for the answer.</summary>
    public bool IsWithdrawn { get; set; }

    /// <summary>What is asked.</summary>
    public string Text { get; } = string.Join(' ', Asked);
}
