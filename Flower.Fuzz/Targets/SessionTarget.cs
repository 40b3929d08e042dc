// SPDX-License-Identifier: BSD-2-Clause
using Flower.Fuzz.Simulation;

namespace Flower.Fuzz.Targets;

/// <summary>Sessions on a board in this process.</summary>
internal static class SessionTarget
{
    private const int MaxPackets = 64;
    private const int Processes = 3;

    /// <summary>
    /// Packets as they are: one byte for the process and the number of descriptors, two for the length, and the packet.
    /// </summary>
    public static void Packets(byte[] input) => World.Play(Split(input));

    /// <summary>The choices of a simulated history.</summary>
    public static void History(byte[] input) => World.Play(new WrittenChoices(input));

    private static IEnumerable<(int, int, byte[])> Split(byte[] input)
    {
        int at = 0;
        for (int i = 0; i < MaxPackets && at + 3 <= input.Length; i++)
        {
            int length = Math.Min(input[at + 1] + (input[at + 2] << 8), input.Length - at - 3);
            yield return (input[at] % Processes, input[at] / Processes % 3, input[(at + 3)..(at + 3 + length)]);
            at += 3 + length;
        }
    }
}
