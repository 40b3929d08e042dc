// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Rpc.Interop;

namespace Flower.Rpc.State;

/// <summary>
/// The descriptors of a saved state, each under a number that counts from 1. Owns them until they are taken. One thread.
/// </summary>
public sealed class DescriptorTable : IDisposable
{
    private readonly List<Descriptor?> _descriptors;

    /// <summary>An empty table, to save into.</summary>
    public DescriptorTable() => _descriptors = [];

    /// <summary>A table of what came with a state, to restore from. Takes them over.</summary>
    public DescriptorTable(IEnumerable<Descriptor> descriptors) => _descriptors = [.. descriptors];

    /// <summary>What it holds, in the order of their numbers.</summary>
    public IReadOnlyList<Descriptor?> Descriptors => _descriptors;

    /// <summary>Adds a duplicate; the original stays with its owner.</summary>
    /// <returns>Its number.</returns>
    /// <exception cref="FlowerSocketException">EMFILE.</exception>
    public uint Add(SafeHandle descriptor)
    {
        _descriptors.Add(Descriptor.Duplicate(descriptor));
        return (uint)_descriptors.Count;
    }

    /// <summary>The descriptor with a number, which the caller now owns; null for 0.</summary>
    /// <exception cref="InvalidDataException">There is none, or it was taken before.</exception>
    public Descriptor? Take(uint number)
    {
        if (number == 0)
        {
            return null;
        }

        Descriptor? descriptor = number <= _descriptors.Count ? _descriptors[(int)number - 1] : null;
        if (descriptor is null)
        {
            throw new InvalidDataException($"the state names descriptor {number}, which is not there");
        }

        _descriptors[(int)number - 1] = null;
        // What is in a state came from peers, mostly.
        descriptor.ClosesElsewhere = true;
        return descriptor;
    }

    /// <summary>Takes several, in order.</summary>
    /// <exception cref="InvalidDataException">As for <see cref="Take"/>.</exception>
    public List<Descriptor>? TakeAll(IReadOnlyCollection<uint> numbers)
    {
        ArgumentNullException.ThrowIfNull(numbers);
        return numbers.Count == 0 ? null : [.. numbers.Select(number => Take(number)!)];
    }

    /// <summary>Closes what was not taken.</summary>
    public void Dispose()
    {
        foreach (Descriptor? descriptor in _descriptors)
        {
            descriptor?.Dispose();
        }

        _descriptors.Clear();
    }
}
