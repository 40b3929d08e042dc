// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.Watching;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Quotas;

/// <summary>
/// Who uses how much, and whether more is allowed: each user but root and the switchboard's own, and each handle that
/// Constrain made together with all that was made from it. On the loop.
/// </summary>
internal sealed class QuotaTable(uint owner, ILogger logger)
{
    private const int MaxIdle = 1024;
    private const long QuietMs = 10_000;

    private readonly MemoryGauge _memory = new(logger);
    private readonly Dictionary<uint, Budget> _users = [];
    private readonly Dictionary<(string Budget, QuotaKind Kind), long> _quietUntil = [];
    private QuotaLimits _perUser = QuotaLimits.PerUser;
    private QuotaLimits _perHandle = QuotaLimits.PerHandle;

    /// <summary>Told when a quota is exhausted, as often as that is logged.</summary>
    public BoardEvents? Events { get; set; }

    /// <summary>What whoever asks for too much is told.</summary>
    public static string Words(string quota, string budget, long limit) => string.Create(
        CultureInfo.InvariantCulture, $"quota {quota} of {budget} is exhausted: the limit is {limit}");

    /// <summary>Sets the limits for what is asked for from now on; nothing that is in use is taken away.</summary>
    public void Use(QuotaLimits perUser, QuotaLimits perHandle)
    {
        _perUser = perUser;
        _perHandle = perHandle;
    }

    /// <summary>Uses one more, unless that is over a quota of the user, or of the handle or one above it.</summary>
    /// <param name="node">Over which handle.</param>
    /// <param name="who">Which process, for the log too.</param>
    /// <param name="kind">What.</param>
    /// <param name="connects">Of connects, how many it costs as much as.</param>
    /// <returns>Null, or what is exhausted, for the one who asked.</returns>
    public string? TryAdd(HandleNode node, Credentials who, QuotaKind kind, int connects = 1)
    {
        string? exhausted = Exhausted(node, who, kind, connects);
        if (exhausted is null && !IsRate(kind))
        {
            Add(node, who.Uid, kind, 1);
        }

        return exhausted;
    }

    /// <summary>Uses so much more, or less, whatever the limits.</summary>
    public void Add(HandleNode node, uint uid, QuotaKind kind, long amount)
    {
        UserOf(uid)?.Add(kind, amount);
        for (HandleNode? at = node; at is not null; at = at.Parent)
        {
            at.Budget?.Add(kind, amount);
        }
    }

    /// <summary>Moves what a user uses to another one.</summary>
    /// <returns>Null, or what the other one has exhausted.</returns>
    public string? TryMove(HandleNode node, uint from, Credentials to, QuotaKind kind)
    {
        Budget? user = UserOf(to.Uid);
        if (user is not null && !Allows(user, _perUser, kind))
        {
            return Refuse(user, _perUser, kind, to, node);
        }

        UserOf(from)?.Add(kind, -1);
        user?.Add(kind, 1);
        return null;
    }

    /// <summary>
    /// Whether one more is over a quota, or more than there is memory for. Of a rate, takes one where it is not. Null: it is not.
    /// </summary>
    public string? Exhausted(HandleNode node, Credentials who, QuotaKind kind, int connects = 1)
    {
        // Who runs the switchboard can still come, look, and take back.
        if ((kind is not (QuotaKind.Sessions or QuotaKind.PendingCalls) || Bounds(who.Uid)) && _memory.Refuses(kind) is string full)
        {
            return full;
        }

        Budget? user = UserOf(who.Uid);
        if (user is not null && !Allows(user, _perUser, kind, connects))
        {
            return Refuse(user, _perUser, kind, who, node);
        }

        for (HandleNode? at = node; at is not null; at = at.Parent)
        {
            if (at.Budget is Budget budget && !Allows(budget, _perHandle, kind, connects))
            {
                return Refuse(budget, _perHandle, kind, who, node);
            }
        }

        return null;
    }

    /// <summary>Whether somebody uses no more than some multiple of a quota, in every budget that he counts for.</summary>
    public bool IsWithin(HandleNode node, uint uid, QuotaKind kind, int times = 1)
    {
        bool isWithin = UserOf(uid) is not Budget user || user[kind] / times < _perUser[kind];
        for (HandleNode? at = node; at is not null && isWithin; at = at.Parent)
        {
            isWithin = at.Budget is not Budget budget || budget[kind] / times < _perHandle[kind];
        }

        return isWithin;
    }

    /// <summary>
    /// The quotas of which four fifths or more are used, but for rates: of the users and handles that somebody may see.
    /// </summary>
    /// <param name="nodes">The live handles.</param>
    /// <param name="viewer">Over which handle somebody looks; null: it is the switchboard itself.</param>
    /// <param name="covers">Which handles may be seen.</param>
    public IEnumerable<QuotaUse> NearLimits(
        IEnumerable<HandleNode> nodes, HandleNode? viewer, Func<HandleNode, bool> covers)
    {
        bool isOverseer = viewer is null || new HandleScope(viewer).IsOverseers;
        IEnumerable<Budget> users = _users
            .Where(user => viewer?.Parent is null && (isOverseer || user.Key == viewer!.Maker.Uid))
            .Select(user => user.Value);
        IEnumerable<Budget> handles = nodes.Where(node => node.Budget is not null && covers(node))
            .Select(node => node.Budget!);
        return users.SelectMany(budget => NearLimits(budget, _perUser))
            .Concat(handles.SelectMany(budget => NearLimits(budget, _perHandle)));
    }

    private static IEnumerable<QuotaUse> NearLimits(Budget budget, QuotaLimits limits)
    {
        foreach (QuotaKind kind in Enum.GetValues<QuotaKind>())
        {
            if (!IsRate(kind) && budget[kind] >= limits[kind] - (limits[kind] / 5))
            {
                yield return new()
                {
                    Quota = QuotaLimits.Names[(int)kind],
                    Budget = budget.Name,
                    Used = budget[kind],
                    Limit = limits[kind],
                };
            }
        }
    }

    private static bool Allows(Budget budget, QuotaLimits limits, QuotaKind kind, int connects = 1) =>
        kind switch
        {
            QuotaKind.ConnectsPerSecond => budget.TryConnect(limits[kind], Environment.TickCount64, connects),
            QuotaKind.RegistrationsPerSecond => budget.TryRegister(
                limits[kind], limits[QuotaKind.Targets], Environment.TickCount64),
            _ => budget.Has(kind, 1, limits[kind]),
        };

    /// <summary>It limits how often something is done; nothing of it is in use.</summary>
    public static bool IsRate(QuotaKind kind) => kind is QuotaKind.ConnectsPerSecond or QuotaKind.RegistrationsPerSecond;

    /// <summary>Whether a user has quotas: root and the owner can do without the switchboard what one would keep them from.
    /// </summary>
    public bool Bounds(uint uid) => uid != 0 && uid != owner;

    private Budget? UserOf(uint uid)
    {
        if (!Bounds(uid))
        {
            return null;
        }

        if (!_users.TryGetValue(uid, out Budget? user))
        {
            ForgetIdle();
            user = new Budget("user " + uid.ToString(CultureInfo.InvariantCulture));
            _users.Add(uid, user);
        }

        return user;
    }

    private void ForgetIdle()
    {
        if (_users.Count >= MaxIdle)
        {
            foreach ((uint uid, _) in _users.Where(user => user.Value.IsUnused).ToArray())
            {
                _users.Remove(uid);
            }
        }
    }

    // The log names who did it, once in a while: a refusal must not cost more than what it refuses.
    private string Refuse(Budget budget, QuotaLimits limits, QuotaKind kind, Credentials who, HandleNode node)
    {
        string name = QuotaLimits.Names[(int)kind];
        long limit = limits[kind];
        long now = Environment.TickCount64;
        if (_quietUntil.GetValueOrDefault((budget.Name, kind)) <= now)
        {
            if (_quietUntil.Count >= MaxIdle)
            {
                _quietUntil.Clear();
            }

            _quietUntil[(budget.Name, kind)] = now + QuietMs;
            Events?.Exhausted(node, who, budget.Name, name, limit);
            QuotaLog.Exhausted(logger, budget.Name, name, limit, who.Pid, who.Uid, node.Handle.Id);
        }

        return Words(name, budget.Name, limit);
    }
}
