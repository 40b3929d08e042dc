// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Run.Network;

/// <summary>
/// The marks of packets (SO_MARK, socket(7)) that the box's rules know. No program in the box can set one, since that
/// takes a capability in the namespace.
/// </summary>
internal static class Marks
{
    /// <summary>On a connection that the agent makes to a program in the box.</summary>
    public const uint Agent = 0x666c_6f00;

    private const uint FirstVerdict = 0x666c_6f01;

    /// <summary>On a first packet that is sent once more.</summary>
    public static uint Of(Verdict verdict) => FirstVerdict + (uint)verdict;
}
