// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Routing;

/// <summary>
/// Counts distinct key sets, of each user and of the board: the cost of a lookup grows with their number. Owned by the
/// directory.
/// </summary>
internal sealed class KeySetQuota(int perUser, int perBoard)
{
    private readonly Dictionary<string, int> _board = new(StringComparer.Ordinal);
    private readonly Dictionary<(uint Uid, string Signature), int> _users = [];
    private readonly Dictionary<uint, int> _distinct = [];

    /// <summary>Which limit stands in the way, or null.</summary>
    public string? Exceeded(uint uid, string signature)
    {
        if (!_users.ContainsKey((uid, signature)) && _distinct.GetValueOrDefault(uid) >= perUser)
        {
            return $"user {uid} has targets with {perUser} distinct sets of keys, the most that a user may have";
        }

        return !_board.ContainsKey(signature) && _board.Count >= perBoard
            ? $"the switchboard has targets with {perBoard} distinct sets of keys, the most that it takes"
            : null;
    }

    public void Add(uint uid, string signature)
    {
        _board[signature] = _board.GetValueOrDefault(signature) + 1;
        int before = _users.GetValueOrDefault((uid, signature));
        _users[(uid, signature)] = before + 1;
        if (before == 0)
        {
            _distinct[uid] = _distinct.GetValueOrDefault(uid) + 1;
        }
    }

    public void Remove(uint uid, string signature)
    {
        Decrement(_board, signature);
        if (Decrement(_users, (uid, signature)))
        {
            Decrement(_distinct, uid);
        }
    }

    private static bool Decrement<TKey>(Dictionary<TKey, int> counts, TKey key)
        where TKey : notnull
    {
        int left = counts[key] - 1;
        if (left > 0)
        {
            counts[key] = left;
            return false;
        }

        counts.Remove(key);
        return true;
    }
}
