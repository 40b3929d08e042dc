// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;
using Microsoft.Extensions.Logging;

namespace Flower.Rpc.Server;

/// <summary>
/// How many lines of the log each user may cause: some at once, and a few each second. What is left out is counted, and said
/// with the next line that is not. On the loop.
/// </summary>
/// <param name="logger">Where it is said.</param>
public sealed class LogRate(ILogger logger)
{
    private const int AtOnce = 64;
    private const int IntervalMs = 200;
    private const int MaxUsers = 1024;

    private readonly Dictionary<uint, Bucket> _users = [];

    /// <summary>Whoever the kernel did not name.</summary>
    public const uint Nobody = uint.MaxValue;

    /// <summary>Whether a line that a user causes may be written.</summary>
    public bool Allows(uint uid) => Allows(uid, Environment.TickCount64);

    /// <summary>The same, at a moment of the monotonic clock, in milliseconds.</summary>
    internal bool Allows(uint uid, long now)
    {
        if (!_users.TryGetValue(uid, out Bucket? user))
        {
            ForgetIdle(now);
            _users.Add(uid, user = new Bucket());
        }

        long next = Math.Max(now, user.Next) + IntervalMs;
        if (next - now > AtOnce * IntervalMs)
        {
            user.LeftOut++;
            return false;
        }

        user.Next = next;
        if (user.LeftOut > 0)
        {
            RpcLog.LeftOut(logger, Plural.Of(user.LeftOut, "line was", "lines were"), uid == Nobody ? "nobody known" : $"uid {uid}");
            user.LeftOut = 0;
        }

        return true;
    }

    // Those whose lines are all written have as much to come as who is not known.
    private void ForgetIdle(long now)
    {
        if (_users.Count >= MaxUsers)
        {
            foreach ((uint uid, _) in _users.Where(user => user.Value.Next <= now && user.Value.LeftOut == 0).ToArray())
            {
                _users.Remove(uid);
            }
        }
    }

    private sealed class Bucket
    {
        // When the next line would be due if none were written at once.
        public long Next { get; set; }

        public long LeftOut { get; set; }
    }
}
