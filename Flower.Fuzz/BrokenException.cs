// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Fuzz;

/// <summary>Something that always holds did not.</summary>
internal sealed class BrokenException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Fails unless it holds.</summary>
    /// <exception cref="BrokenException">It does not.</exception>
    public static void Unless(bool holds, string law)
    {
        if (!holds)
        {
            throw new BrokenException(law);
        }
    }
}
