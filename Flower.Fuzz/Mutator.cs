// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Fuzz;

/// <summary>
/// Changes inputs at random: bits, bytes, numbers at the edge, pieces of the same or of another input. It knows nothing of
/// what the input reaches (that is afl-fuzz's part), so it is as good as the inputs it begins with.
/// </summary>
/// <param name="random">Decides.</param>
internal sealed class Mutator(Random random)
{
    private const int MaxBytes = 8192;

    private static readonly byte[] Edges = [0, 1, 0x7f, 0x80, 0xff, (byte)'.', (byte)':', (byte)'/', (byte)'"', (byte)'=', 0x0a];

    /// <summary>A changed copy.</summary>
    /// <param name="input">What is changed.</param>
    /// <param name="other">Another input.</param>
    public byte[] Mutate(byte[] input, byte[] other)
    {
        byte[] bytes = [.. input];
        for (int i = 1 << random.Next(5); i > 0; i--)
        {
            bytes = Step(bytes, other);
        }

        return bytes.Length > MaxBytes ? bytes[..MaxBytes] : bytes;
    }

    private byte[] Step(byte[] bytes, byte[] other)
    {
        int at = random.Next(bytes.Length + 1);
        int length = Math.Min(bytes.Length - at, 1 + random.Next(1 << random.Next(1, 7)));
        switch (random.Next(8))
        {
            case 0 when at < bytes.Length:
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1 when at < bytes.Length:
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2 when at < bytes.Length:
                bytes[at] = Edges[random.Next(Edges.Length)];
                return bytes;
            case 3 when at < bytes.Length:
                bytes[at] += (byte)(random.Next(2) == 0 ? 1 : 255);
                return bytes;
            case 4:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 5:
                return [.. bytes[..at], .. bytes[at..(at + length)], .. bytes[at..]];
            case 6 when other.Length > 0:
                int from = random.Next(other.Length);
                int count = Math.Min(other.Length - from, 1 + random.Next(64));
                return [.. bytes[..at], .. other[from..(from + count)], .. bytes[(random.Next(2) == 0 ? at : at + length)..]];
            default:
                return [.. bytes[..at], (byte)random.Next(256), .. bytes[at..]];
        }
    }
}
