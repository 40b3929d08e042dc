// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Fuzz.Simulation;

/// <summary>
/// A handle as those know it who use it: what it was made from, and whether it was taken back. The board does not tell anybody
/// the number of his own handle, so one that Constrain makes has an out-label that no other has.
/// </summary>
/// <param name="parent">What it was made from; null: the handle of a session by a path.</param>
/// <param name="number">Of all that were made.</param>
internal sealed class KnownHandle(KnownHandle? parent, int number)
{
    private readonly int _depth = parent is null ? 0 : parent._depth + 1;
    private bool _isAsked;
    private bool _isRevoked;

    public KnownHandle? Parent { get; } = parent;

    /// <summary>The board's number for it; 0: it must be looked for.</summary>
    public ulong Id { get; init; }

    /// <summary>The key of its out-label.</summary>
    public string Key => KeyOf(_depth);

    /// <summary>The key of those that are made from it.</summary>
    public string NextKey => KeyOf(_depth + 1);

    /// <summary>The value of its out-label.</summary>
    public string Mark { get; } = number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Somebody has asked that it be taken back, or what it was made from.</summary>
    public bool MayBeRevoked => _isAsked || Parent is { MayBeRevoked: true };

    /// <summary>It was, and who asked for it was told so.</summary>
    public bool IsRevoked => _isRevoked || Parent is { IsRevoked: true };

    /// <summary>Somebody asks that it be taken back.</summary>
    public void Ask() => _isAsked = true;

    /// <summary>It was taken back.</summary>
    public void Revoke()
    {
        _isAsked = true;
        _isRevoked = true;
    }

    /// <summary>It was made from the other one, directly or not.</summary>
    public bool IsUnder(KnownHandle other)
    {
        for (KnownHandle? at = Parent; at is not null; at = at.Parent)
        {
            if (at == other)
            {
                return true;
            }
        }

        return false;
    }

    private static string KeyOf(int depth) => "via" + depth.ToString(CultureInfo.InvariantCulture);
}
