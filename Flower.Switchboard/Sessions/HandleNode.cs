// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Switchboard.Quotas;
using Grpc.Core;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// A live handle: what it allows, what it was made from, and the sessions over it. On the loop. It stands in its tree from
/// its first session until neither it nor anything made from it has one, or until it is revoked, which is for good.
/// </summary>
/// <param name="tree">Where it stands while it is live.</param>
/// <param name="handle">What it allows.</param>
/// <param name="parent">What it was made from; null for the one of a session that came by a path.</param>
/// <param name="maker">Who made it: the caller of Constrain, or who connected.</param>
/// <param name="since">When it was made, in milliseconds of the monotonic clock.</param>
internal sealed class HandleNode(HandleTree tree, Handle handle, HandleNode? parent, Credentials maker, long since)
    : ISessionAuthority
{
    // Of the quota of descriptors on their way, what ends the session that adds to it.
    private const int InFlightTimes = 2;

    private const int CountedWithConstrain = 2;

    private readonly HashSet<ISession> _sessions = [];
    private readonly Dictionary<ISession, SessionLoad> _loads = [];

    // Most have none, and of targets one.
    private HashSet<HandleNode>? _children;
    private HashSet<Target>? _targets;
    private Target? _onlyTarget;
    private readonly HandleNode? _top = parent?.Top;

    // How many sessions it had, as far as that matters.
    private int _begun;

    // Then so are all above it, and none of them is revoked.
    private bool _isInTree;

    public Handle Handle { get; } = handle;

    /// <summary>How many handles are above it.</summary>
    public int Depth { get; } = parent is null ? 0 : parent.Depth + 1;

    /// <summary>What it and all that was made from it use; null for one by a path, which its user's quotas bound.</summary>
    public Budget? Budget { get; } = parent is null
        ? null
        : new Budget("handle " + handle.Id.ToString(System.Globalization.CultureInfo.InvariantCulture));

    public HandleNode? Parent { get; } = parent;

    /// <summary>What all of it was made from in the end: the handle of a session that came by a path.</summary>
    public HandleNode Top => _top ?? this;

    /// <summary>Who made it: the caller of Constrain, or who connected to the public socket.</summary>
    public Credentials Maker { get; } = maker;

    /// <summary>When it was made, in milliseconds of the monotonic clock.</summary>
    public long Since { get; } = since;

    /// <summary>It was taken back: it allows nothing any more.</summary>
    public bool IsRevoked { get; private set; }

    /// <summary>Its open sessions. Those that have ended with descriptors unread only count.</summary>
    public IEnumerable<ISession> Sessions => _sessions.Where(session => !session.HasEnded);

    public IReadOnlyCollection<HandleNode> Children => _children ?? (IReadOnlyCollection<HandleNode>)[];

    /// <summary>What is registered over it.</summary>
    public IReadOnlyCollection<Target> Targets =>
        _targets ?? (_onlyTarget is null ? [] : (IReadOnlyCollection<Target>)[_onlyTarget]);

    /// <summary>How much waits for its sessions, as they do not read.</summary>
    public long QueuedBytes => _loads.Values.Sum(load => load.QueuedBytes);

    /// <summary>How many revocable connections were requested over it.</summary>
    public int Connections { get; set; }

    /// <summary>A target is registered over it.</summary>
    public void Add(Target target)
    {
        if (_targets is null && _onlyTarget is null)
        {
            _onlyTarget = target;
            return;
        }

        _targets ??= [_onlyTarget!];
        _onlyTarget = null;
        _targets.Add(target);
    }

    /// <summary>The target is gone.</summary>
    public void Remove(Target target)
    {
        _onlyTarget = ReferenceEquals(_onlyTarget, target) ? null : _onlyTarget;
        if (_targets is not null && _targets.Remove(target) && _targets.Count == 0)
        {
            _targets = null;
        }
    }

    public Status? Admit(ISession session)
    {
        _sessions.Add(session);
        if (IsUnderRevoked())
        {
            return new(StatusCode.PermissionDenied, Refusal.HandleRevoked);
        }

        if (tree.Quotas.TryAdd(this, Maker, QuotaKind.Sessions) is string exhausted)
        {
            return new(StatusCode.ResourceExhausted, exhausted);
        }

        // What Constrain counted is its own session over what it made, and that of whom it is for.
        _loads.Add(session, new SessionLoad(Maker.Uid));
        bool isCounted = Parent is null || _begun >= CountedWithConstrain;
        _begun++;
        if (isCounted && tree.Quotas.TryAdd(this, Maker, QuotaKind.ConnectsPerSecond) is string tooFast)
        {
            return new(StatusCode.ResourceExhausted, tooFast);
        }

        Enter();
        return null;
    }

    public Status? Restore(ISession session)
    {
        _sessions.Add(session);
        if (IsUnderRevoked())
        {
            return new(StatusCode.PermissionDenied, Refusal.HandleRevoked);
        }

        _begun = CountedWithConstrain;
        uint uid = (session.Owner ?? Maker).Uid;
        tree.Quotas.Add(this, uid, QuotaKind.Sessions, 1);
        _loads.Add(session, new SessionLoad(uid));
        Enter();
        return null;
    }

    public Status? Bind(ISession session)
    {
        // Until its owner is known, it counts for whoever made the handle.
        if (_loads.TryGetValue(session, out SessionLoad? load) && session.Owner is Credentials owner && owner.Uid != load.Uid)
        {
            if (tree.Quotas.TryMove(this, load.Uid, owner, QuotaKind.Sessions) is string exhausted)
            {
                return new(StatusCode.ResourceExhausted, exhausted);
            }

            _loads[session] = new SessionLoad(owner.Uid);
        }

        return null;
    }

    public Status? Weigh(ISession session, long queuedBytes, int descriptorsInFlight)
    {
        if (!_loads.TryGetValue(session, out SessionLoad? load))
        {
            return null;
        }

        bool grows = queuedBytes > load.QueuedBytes;
        bool holdsMore = descriptorsInFlight > load.DescriptorsInFlight;
        tree.Quotas.Add(this, load.Uid, QuotaKind.QueuedBytes, queuedBytes - load.QueuedBytes);
        tree.Quotas.Add(this, load.Uid, QuotaKind.DescriptorsInFlight, descriptorsInFlight - load.DescriptorsInFlight);
        load.QueuedBytes = queuedBytes;
        load.DescriptorsInFlight = descriptorsInFlight;
        if (grows && tree.Quotas.Exhausted(this, session.Owner ?? Maker, QuotaKind.QueuedBytes) is string exhausted)
        {
            return new(StatusCode.ResourceExhausted, exhausted);
        }

        // Nothing new is begun beyond the quota, but what was begun before ends beyond it.
        return holdsMore && !tree.Quotas.IsWithin(this, load.Uid, QuotaKind.DescriptorsInFlight, InFlightTimes)
            ? new(StatusCode.ResourceExhausted, Refusal.Unread)
            : null;
    }

    /// <summary>Whether a socket can be sent to somebody at once, who then has it unread: he is within his quota.</summary>
    public bool CanBeSent(uint uid) => tree.Quotas.IsWithin(this, uid, QuotaKind.DescriptorsInFlight);

    public void Leave(ISession session)
    {
        _sessions.Remove(session);
        if (_loads.Remove(session, out SessionLoad? load))
        {
            tree.Quotas.Add(this, load.Uid, QuotaKind.Sessions, -1);
            tree.Quotas.Add(this, load.Uid, QuotaKind.QueuedBytes, -load.QueuedBytes);
            tree.Quotas.Add(this, load.Uid, QuotaKind.DescriptorsInFlight, -load.DescriptorsInFlight);
        }

        Prune();
    }

    /// <summary>
    /// Takes it back with all that was made from it: from here on none of these is in the tree, nor comes back, and none
    /// admits a session. Those that are open are for the caller to end, once all are marked.
    /// </summary>
    /// <returns>This handle, and the live ones that were made from it.</returns>
    public IReadOnlyList<HandleNode> Revoke()
    {
        var all = new List<HandleNode> { this };
        for (int i = 0; i < all.Count; i++)
        {
            all.AddRange(all[i].Children);
        }

        foreach (HandleNode node in all)
        {
            node.IsRevoked = true;
            node._children = null;
            node.Exit();
        }

        Parent?.Prune();
        return all;
    }

    // One that is not live may have been made from one that was revoked while it was not.
    private bool IsUnderRevoked()
    {
        for (HandleNode? node = this; node is { _isInTree: false }; node = node.Parent)
        {
            if (node.IsRevoked)
            {
                return true;
            }
        }

        return false;
    }

    private void Enter()
    {
        for (HandleNode? node = this; node is { _isInTree: false }; node = node.Parent)
        {
            node._isInTree = true;
            tree.Live.Add(node.Handle.Id, node);
            node.Parent?.AddChild(node);
        }
    }

    private void AddChild(HandleNode child) => (_children ??= []).Add(child);

    private void Exit()
    {
        _isInTree = false;
        tree.Live.Remove(Handle.Id);
        Parent?._children?.Remove(this);
    }

    private void Prune()
    {
        for (HandleNode? node = this;
            node is { _isInTree: true, _sessions.Count: 0, Children.Count: 0 };
            node = node.Parent)
        {
            node.Exit();
        }
    }
}
