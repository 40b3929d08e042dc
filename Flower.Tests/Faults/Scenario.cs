// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Tests.Faults;

/// <summary>A call from its beginning to its end, in which any party may be killed between any two steps.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Steps">In their order. What one says, the next one may hear.</param>
internal sealed record Scenario(string Name, params Step[] Steps)
{
    /// <summary>Who has the two ends of the connection that is made: when one has gone, the other sees the end.</summary>
    public string[] Ends { get; init; } = [];

    /// <summary>A call may go on to wait after a death, and be given up.</summary>
    public bool MayWait { get; init; }

    /// <summary>What the switchboard warns of in it; null: nothing.</summary>
    public string? LogWords { get; init; }

    /// <summary>All who take part.</summary>
    public IEnumerable<string> Parties => Steps.Select(step => step.Party).Distinct();

    public override string ToString() => Name;
}
