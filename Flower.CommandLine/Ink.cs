// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.CommandLine;

/// <summary>What a colour says, everywhere the same.</summary>
public enum Ink
{
    /// <summary>Nothing: as the terminal prints.</summary>
    Plain,

    /// <summary>It is as it should be.</summary>
    Good,

    /// <summary>It wants to be looked at.</summary>
    Notable,

    /// <summary>It failed, or was refused.</summary>
    Bad,
}
