// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Routing;

/// <summary>How well a matching target fits a request; the smaller the better.</summary>
internal enum RankClass
{
    /// <summary>The request states all that the target states, some of it by a ranking key.</summary>
    Stated = 1,

    /// <summary>A ranking key in common.</summary>
    Related = 2,

    /// <summary>Nothing in common.</summary>
    Unrelated = 3,

    /// <summary>No match so far.</summary>
    None = 4,
}
