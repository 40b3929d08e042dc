// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Routing;

/// <summary>
/// The values of an index's keys, in the order of the keys. Equality compares the values themselves, so a collision of
/// hashes costs time and nothing else; string hashes are seeded a process, so nobody can prepare collisions.
/// </summary>
internal readonly struct ValueKey : IEquatable<ValueKey>
{
    private readonly string[] _values;
    private readonly int _hash;

    public ValueKey(string[] values)
    {
        _values = values;
        HashCode hash = default;
        foreach (string value in values)
        {
            hash.Add(value, StringComparer.Ordinal);
        }

        _hash = hash.ToHashCode();
    }

    public bool Equals(ValueKey other) =>
        _hash == other._hash && _values.AsSpan().SequenceEqual(other._values, StringComparer.Ordinal);

    public override bool Equals(object? obj) => obj is ValueKey other && Equals(other);

    public override int GetHashCode() => _hash;
}
