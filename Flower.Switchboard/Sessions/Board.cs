// SPDX-License-Identifier: BSD-2-Clause
using System.Collections.Immutable;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Rpc.Transport;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions.Live;
using Flower.Switchboard.Sessions.Resolving;
using Flower.Switchboard.Sessions.Tapping;
using Flower.Switchboard.Watching;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Handle = Flower.Switchboard.Routing.Handle;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// The state of the switchboard: handles, targets, and the requests that wait for one. On the loop. Everything that
/// changes stands here; calls come in through <see cref="SwitchboardService"/>.
/// </summary>
/// <param name="logger">Told of what is registered and refused.</param>
/// <param name="acceptDeadlines">How long a target may take to answer.</param>
/// <param name="connections">Those that can be shut down.</param>
/// <param name="random">Decides between targets; null: one of its own.</param>
internal sealed class Board(
    ILogger logger, DeadlineQueue acceptDeadlines, RevocableConnections connections, Random? random = null)
    : IConditionWatcher
{
    private const int MaxTargets = 1_000_000;

    // What a handle uses counts for all above it, so the cost of each call grows with their number.
    private const int MaxDepth = 64;

    private readonly TargetDirectory<Target> _directory = new(random: random);
    private readonly WaitingRequests _waiting = new(connections.Loop);
    private int _activators;

    /// <summary>The live handles.</summary>
    public HandleTree Handles { get; } = new(new QuotaTable(Mono.Unix.Native.Syscall.geteuid(), logger));

    /// <summary>The connections that can be shut down.</summary>
    public RevocableConnections Connections { get; } = connections;

    /// <summary>The connections that are open.</summary>
    public LiveConnections Live { get; } = new(new KernelSockets(), id => connections.All.Find(id) is not null);

    /// <summary>Who taps connections.</summary>
    public Taps Taps { get; } = new();

    /// <summary>What happens, for those who watch it.</summary>
    public BoardEvents Events { get; } = new(acceptDeadlines.With(BoardEvents.Interval));

    /// <summary>What it is told about the switchboard around it.</summary>
    public BoardIdentity Identity { get; set; } = new();

    /// <summary>Decides what nothing else does.</summary>
    public Random Random { get; } = random ?? Random.Shared;

    /// <summary>How many requests wait for a target.</summary>
    public int WaitingCount => _waiting.Count;

    /// <summary>The id of the connection that was made last.</summary>
    public ulong LastConnectionId { get; set; }

    /// <summary>The place of the registration that was made last.</summary>
    public long LastRegistration
    {
        get => _directory.LastSequence;
        set => _directory.LastSequence = value;
    }

    /// <summary>Another process goes on with all of it.</summary>
    public bool IsReplaced { get; set; }

    /// <summary>Another process is about to: what changed here from now on would be lost.</summary>
    public bool IsHandedOver { get; set; }

    /// <summary>Who is asked what names stand for.</summary>
    public Resolvers Resolvers => field ??= new(_directory);

    /// <summary>There are activators.</summary>
    public bool HasActivators => _activators > 0;

    /// <summary>How many targets are registered.</summary>
    public int TargetCount => _directory.Count;

    /// <summary>How long a target may take to answer.</summary>
    public DeadlineQueue AcceptDeadlines { get; } = acceptDeadlines;

    /// <summary>How long a resolver may take to answer.</summary>
    public required DeadlineQueue QuestionDeadlines { get; init; }

    /// <summary>How long one attempt to connect to a name's address is alone before the next one is made beside it.</summary>
    public required DeadlineQueue AttemptDelays { get; init; }

    /// <summary>Makes a narrower handle.</summary>
    /// <exception cref="RpcException">It would be wider, or the labels break a rule.</exception>
    public HandleNode Constrain(Caller caller, ConstrainRequest request)
    {
        if (!RightsMessage.TryRead(request.Rights, out Rights rights))
        {
            throw Refusal.Invalid("a right that this switchboard does not know", []);
        }

        if (caller.Node.Depth >= MaxDepth)
        {
            throw Refusal.Exhausted($"a handle is made from another one at most {MaxDepth} times over");
        }

        Handle narrower = Narrow(
            caller.Handle, rights, Stating.Read(request.InLabels), Stating.Read(request.OutLabels));
        var made = new HandleNode(Handles, narrower, caller.Node, caller.Credentials, Environment.TickCount64);
        Events.Constrained(made, caller.Credentials);
        return made;
    }

    /// <summary>Takes back a handle with all that came from it, or one connection.</summary>
    /// <exception cref="RpcException">NOT_FOUND, or FAILED_PRECONDITION.</exception>
    public RevokeResponse Revoke(Caller caller, RevokeRequest request) =>
        new Revocation(this, logger, caller).Run(request);

    /// <summary>Registers a target and wakes the requests that waited for it.</summary>
    /// <param name="target">The target.</param>
    /// <param name="restored">Its place in the order of registration, if another process registered it; else 0.</param>
    /// <exception cref="RpcException">Its name is taken, or a limit is reached.</exception>
    public void Register(Target target, long restored = 0)
    {
        if (target.Caller.Node.IsRevoked)
        {
            // The request was on its way to the handler when the handle was revoked.
            throw Refusal.Revoked(Refusal.HandleRevoked);
        }

        if (_directory.Count >= MaxTargets)
        {
            throw Refusal.Exhausted($"the switchboard has {MaxTargets} targets, its limit");
        }

        Credentials whose = target.Caller.Credentials;
        if (restored == 0
            && (Handles.Quotas.Exhausted(target.Caller.Node, whose, QuotaKind.Targets)
                ?? Handles.Quotas.Exhausted(target.Caller.Node, whose, QuotaKind.RegistrationsPerSecond)) is string exhausted)
        {
            throw Refusal.OverQuota(exhausted);
        }

        _directory.LastSequence = restored - 1;
        Registration<Target> registration = _directory.TryAdd(target);
        if (registration.Conflict is Target other)
        {
            throw Refusal.Taken(other, Listing.IsShown(other, target.Caller));
        }

        if (registration.TooManyKeySets is string limit)
        {
            throw Refusal.Exhausted(limit);
        }

        target.Registration = _directory.LastSequence;
        if (target.IsActivator)
        {
            _activators++;
            target.Activation = new Activation(target, AcceptDeadlines.With(target.StartTimeout));
        }

        target.Condition.Watch(target, this);
        target.Caller.Node.Add(target);
        Handles.Quotas.Add(target.Caller.Node, whose.Uid, QuotaKind.Targets, 1);
        if (restored == 0)
        {
            BoardLog.Registered(logger, NameOf(target), target.Own, target.Caller.Credentials.Pid, target.OwnerUid);
        }

        if (target.Resolver is not null)
        {
            Resolvers.Add(target);
        }

        Events.Added(target, isRestored: restored != 0);
        _waiting.Wake();
    }

    /// <summary>Forgets a target. Idempotent.</summary>
    /// <param name="target">The target.</param>
    /// <param name="reason">Why, for those who watch.</param>
    public void Unregister(Target target, string reason)
    {
        if (!_directory.Remove(target))
        {
            return;
        }

        _activators -= target.IsActivator ? 1 : 0;
        if (target.Resolver is not null)
        {
            Resolvers.Remove(target);
        }

        target.Caller.Node.Remove(target);
        Handles.Quotas.Add(target.Caller.Node, target.OwnerUid, QuotaKind.Targets, -1);
        target.OnGone();
        Events.Removed(target, IsReplaced ? null : reason);
        if (IsReplaced)
        {
            // It goes on elsewhere.
            return;
        }

        BoardLog.Unregistered(logger, NameOf(target), target.Own, target.Caller.Credentials.Pid);
    }

    void IConditionWatcher.OnChanged(Target target, bool drained)
    {
        _directory.Update(target);
        if (drained && !target.IsDraining)
        {
            _waiting.Wake();
        }
    }

    void IConditionWatcher.OnTold(Target target) => Events.Changed(target);

    /// <summary>A connection was made: for those who watch, and for the log.</summary>
    public void Accepted(Caller caller, SessionCallContext call, Connected connected)
    {
        Events.Accepted(call, connected);
        BoardLog.Connected(
            logger, caller.Credentials.Pid, connected.Target.Own, connected.Target.Caller.Credentials.Pid);
    }

    /// <summary>A call is refused that had begun: for those who watch, and a line in the log, as far as its user may cause more.
    /// </summary>
    public void Refused(Caller caller, SessionCallContext call, RpcException refusal)
    {
        Events.Refused(this, caller, call, refusal);
        if (call.Server.Lines.Allows(caller.Credentials.Uid))
        {
            BoardLog.Refused(
                logger, call.Method, caller.Credentials.Pid, caller.Credentials.Uid, refusal.StatusCode,
                refusal.Status.Detail);
        }
    }

    /// <summary>The target with a place in the order of registration, if it is still registered.</summary>
    public Target? FindRegistered(long registration) => _directory.Find(registration);

    /// <summary>The place of a request that comes now, among those who wait.</summary>
    public long TakePlace() => _waiting.TakePlace();

    /// <summary>Whether nobody who waited and has found a target goes before a request that comes now.</summary>
    public bool IsNext => !_waiting.HasWoken;

    /// <summary>For a request that comes now: who waited and has found a target gets it first.</summary>
    public ValueTask LetWaitingGoFirstAsync() => _waiting.LetWokenGoFirstAsync();

    /// <summary>The one target of a request; waits for it, at its place, if asked to.</summary>
    /// <exception cref="RpcException">NOT_FOUND, UNAVAILABLE when what matches drains, or FAILED_PRECONDITION when several
    /// match equally well.</exception>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async ValueTask<Target> FindAsync(Request request, long place, bool wait, CancellationToken caller)
    {
        while (true)
        {
            Lookup<Target> found = Find(request);
            if (found.One is Target target)
            {
                if (target.Activation is not Activation activation || request.IsExplained)
                {
                    return target;
                }

                await activation.WaitAsync(request, token => UntilMatchedAsync(request, place, true, token), caller);
                continue;
            }

            if (found.IsSeveral)
            {
                throw Refusal.Ambiguous(found, (request.Caller.Handle.Rights & Rights.List) != 0);
            }

            if (!wait)
            {
                throw NoneFor(request);
            }

            await UntilMatchedAsync(request, place, false, caller);
        }
    }

    /// <summary>
    /// One of the targets that match a request equally well, but for those that were tried; null: there is no other.
    /// Waits for one if asked to, unless one of those that were tried is still there.
    /// </summary>
    /// <exception cref="RpcException">Of the first: NOT_FOUND, or UNAVAILABLE when what matches drains.</exception>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async ValueTask<Target?> PickAsync(
        Request request, long place, Balance balance, bool wait, IReadOnlyCollection<Target> tried, CancellationToken caller)
    {
        while (true)
        {
            if (_directory.Pick(request.Query, balance, tried) is Target target)
            {
                return target;
            }

            bool areGone = tried.All(t => FindRegistered(t.Registration) is null);
            if (areGone && PickActivator(request.Query) is { Activation: Activation activation } activator)
            {
                if (request.IsExplained)
                {
                    return activator;
                }

                await activation.WaitAsync(request, token => UntilMatchedAsync(request, place, true, token), caller);
                continue;
            }

            if (tried.Count > 0 && !(wait && areGone))
            {
                return null;
            }

            if (!wait)
            {
                throw NoneFor(request);
            }

            await UntilMatchedAsync(request, place, false, caller);
        }
    }

    /// <summary>See <see cref="TargetDirectory{T}.List"/>.</summary>
    public void List(LabelSet filter, int max, List<Target> into, ref long at) =>
        _directory.List(filter, at, max, into, out at);

    /// <summary>What a request reaches at the moment.</summary>
    public Lookup<Target> Find(Request request)
    {
        if (request.FoundAt != _directory.Version)
        {
            request.Found = Find(request.Query);
            request.FoundAt = _directory.Version;
        }

        return request.Found;
    }

    /// <summary>Why a request reaches none.</summary>
    public RpcException NoneFor(Request request)
    {
        Lookup<Target> draining = _directory.Find(request.Query);
        return draining.IsNone ? Refusal.NotFound(request.Stated) : Refusal.Draining(isOne: !draining.IsSeveral);
    }

    /// <summary>Tells how each target stands to a request at the moment.</summary>
    public Explainer<Target> Explain(Request request, bool isBalanced) =>
        _directory.Explain(request.Query, isBalanced);

    /// <summary>Sets what holds of targets whatever they say themselves.</summary>
    /// <exception cref="RpcException">NOT_FOUND, or INVALID_ARGUMENT.</exception>
    public Task<UpdateTargetsResponse> UpdateAsync(
        Caller caller, UpdateTargetsRequest request, CancellationToken cancellationToken) =>
        new Override(this, logger, caller).RunAsync(request, cancellationToken);

    private static string NameOf(Target target) => target.Kind switch
    {
        TargetKind.Egress => "egress",
        TargetKind.Resolver => "resolver",
        _ => target.IsActivator ? "activator" : "server",
    };

    private static bool IsOpen(Target target) => !target.IsDraining;

    // An activator stands for the servers that it starts: once they are there, they come before it, whatever else they state;
    // and where another one matches as well as it does, none need be started.
    private Lookup<Target> Find(Query query)
    {
        Lookup<Target> found = _directory.Find(query, IsOpen);
        if (_activators == 0 || !found.Targets.Any(t => t.IsActivator))
        {
            return found;
        }

        Lookup<Target> started = _directory.Find(
            query, t => IsOpen(t) && !t.IsActivator && found.Targets.Any(a => a.Starts(t)));
        return !started.IsNone ? started
            : found.Targets.All(t => t.IsActivator) ? found
            : _directory.Find(query, t => IsOpen(t) && !t.IsActivator);
    }

    // Of several, one that is starting a server, so that none is started for nothing.
    private Target? PickActivator(Query query)
    {
        ImmutableArray<Target> found = _activators == 0 ? [] : _directory.Find(query, t => IsOpen(t) && t.IsActivator).Targets;
        return found.Length < 2
            ? found.FirstOrDefault()
            : found.FirstOrDefault(t => t.Activation!.IsAsked) ?? found[Random.Next(found.Length)];
    }

    private Handle Narrow(Handle handle, Rights rights, LabelSet inLabels, LabelSet outLabels) =>
        handle.Constrain(Handles.NextId(), rights, inLabels, outLabels) switch
        {
            HandleResult.Narrower narrower => narrower.Handle,
            HandleResult.LacksRights lacks => throw Refusal.LacksRights(lacks.Rights),
            HandleResult.Contradicts contradicts => throw Refusal.Contradicts(contradicts.Keys),
            HandleResult.Reserved reserved => throw Refusal.Reserved(reserved.Refusal),
            HandleResult.Invalid invalid => throw Refusal.Invalid(invalid.Message, invalid.Keys),
            _ => throw new InvalidOperationException(),
        };

    // Until something matches; or, for who waits for what an activator starts, something else than an activator.
    private Task UntilMatchedAsync(Request request, long place, bool forServer, CancellationToken caller) => _waiting.WaitAsync(
        place,
        () =>
        {
            Lookup<Target> found = Find(request.Query);
            return !found.IsNone && !(forServer && found.Targets.All(t => t.IsActivator));
        },
        request.Caller.Credentials.Uid,
        Handles.Quotas.Bounds(request.Caller.Credentials.Uid),
        caller);
}
